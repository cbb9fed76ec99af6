# Compiles copies of consumer/ and of the examples outside the tree, and runs them: the consumer on the class path and on
# the module path, of each example a few steps. LIBTORCH is that of the build.
include(${CMAKE_CURRENT_LIST_DIR}/repository.cmake)
execute_process(COMMAND mktemp --directory --tmpdir "signsym consumer XXXXXX" OUTPUT_VARIABLE folder
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/consumer ${SOURCE}/examples/java DESTINATION ${folder})
maven(-f ${folder}/consumer --quiet compile)
maven(-f ${folder}/java --quiet compile)

foreach(artifact IN ITEMS org/signsym/signsym/0.1.0 com/google/protobuf/protobuf-java/3.25.5
        org/signsym/signsym-natives-linux-x86_64/0.1.0 org/signsym/signsym-libtorch-linux-x86_64/0.1.0)
  set(without_libtorch ${jars})
  string(REGEX REPLACE ".*/([^/]+)/([^/]+)$" "\\1-\\2.jar" name ${artifact})
  string(APPEND jars ":${repository}/${artifact}/${name}")
endforeach()

# run(EXPECTED ARGUMENTS…): Java says, at its end, what the expression says. refuse: it fails, in these words.
function(run expected)
  execute_process(COMMAND java ${ARGN} WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
  if(failed OR NOT said MATCHES "${expected}\n$")
    message(FATAL_ERROR "${ARGN}: ${failed}: ${said}")
  endif()
endfunction()
function(refuse expected)
  execute_process(COMMAND java ${ARGN} WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
  if(NOT failed OR NOT said MATCHES "${expected}" OR said MATCHES "fatal error")
    message(FATAL_ERROR "${ARGN}: ${failed}: ${said}")
  endif()
endfunction()

set(cache -Dorg.signsym.cache=${BUILD}/cache)
set(mnist ${SOURCE}/examples/data/mnist)
set(classes ${folder}/consumer/target/classes)
run("^3 steps, finished" ${cache} -cp ${classes}${jars} consumer.Main ${mnist})
run("^3 steps, finished" ${cache} -p ${classes}${jars} -m consumer/consumer.Main ${mnist})

# The user's LibTorch; none; one that is none; another one that is in the process already.
run("^3 steps, finished" ${cache} -Dorg.signsym.libtorch=${LIBTORCH} -cp ${classes}${without_libtorch}
  consumer.Main ${mnist})
refuse("NOT_FOUND|add the artifact org.signsym:signsym-libtorch-linux-x86_64" ${cache}
  -cp ${classes}${without_libtorch} consumer.Main ${mnist})
refuse("holds no lib/libtorch_cpu.so" ${cache} -Dorg.signsym.libtorch=${folder} -cp ${classes}${jars}
  consumer.Main ${mnist})
refuse("another LibTorch is in this process already" ${cache} -cp ${classes}${jars}
  consumer.Main ${mnist} ${LIBTORCH}/lib/libtorch_cpu.so)

# Two processes begin at once, with a home that cannot be written, in an empty place for temporary files.
file(MAKE_DIRECTORY ${folder}/tmp)
set(first java -Duser.home=/dev/null/none -Djava.io.tmpdir=${folder}/tmp -cp ${classes}${jars} consumer.Main ${mnist})
execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=XDG_CACHE_HOME ${first}
  COMMAND ${CMAKE_COMMAND} -E env --unset=XDG_CACHE_HOME ${first}
  OUTPUT_VARIABLE said ERROR_VARIABLE said RESULTS_VARIABLE failed)
file(GLOB unpacked ${folder}/tmp/signsym-*/libtorch-*/libtorch_cpu.so)
if(NOT failed STREQUAL "0;0" OR NOT said STREQUAL "3 steps, finished\n" OR NOT unpacked)
  message(FATAL_ERROR "two at once: ${failed}: ${said}; ${unpacked}")
endif()

set(examples ${cache} -cp ${folder}/java/target/classes${jars})
if(DEFINED ENV{SIGNSYM_TEST_FULL})
  run("finished" ${examples} TrainCifar examples/configs/demo-cifar10.textproto train.epochs=3)
  run("is a cross" ${examples} FineTune ${mnist})
  run("9[0-9].[0-9] %" ${examples} Online)
else()
  run("finished" ${examples} TrainCifar examples/configs/demo-cifar10.textproto train.max_steps=2)
  run("is a cross" ${examples} FineTune ${mnist} 5)
  run("right before learning [0-9.]+ %" ${examples} Online 20)
endif()
file(REMOVE_RECURSE ${folder})

# Compiles copies of consumer/ and of the examples outside the tree, and runs them: the consumer on the class path and on
# the module path, of each example a few steps; with SIGNSYM_TEST_FULL as docs/java.md has them, each within two minutes.
include(${CMAKE_CURRENT_LIST_DIR}/repository.cmake)
execute_process(COMMAND mktemp --directory --tmpdir "signsym consumer XXXXXX" OUTPUT_VARIABLE folder
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/consumer ${SOURCE}/examples/java DESTINATION ${folder})
maven(-f ${folder}/consumer --quiet compile)
maven(-f ${folder}/java --quiet package)

foreach(artifact IN ITEMS org/signsym/signsym/0.1.0 com/google/protobuf/protobuf-java/3.25.5
        org/signsym/signsym-natives-${PLATFORM}/0.1.0 org/signsym/signsym-libtorch-${PLATFORM}/0.1.0)
  string(REGEX REPLACE ".*/([^/]+)/([^/]+)$" "\\1-\\2.jar" name ${artifact})
  string(APPEND jars ":${repository}/${artifact}/${name}")
endforeach()

# run(EXPECTED ARGUMENTS…): Java says, at its end, what the expression says, and ends with 0 (or EXIT).
set(exit 0)
function(run expected)
  execute_process(COMMAND java ${ARGN} WORKING_DIRECTORY ${SOURCE} TIMEOUT 120
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE ended)
  if(NOT ended STREQUAL exit OR NOT said MATCHES "${expected}\n$")
    message(FATAL_ERROR "${ARGN}: ${ended}: ${said}")
  endif()
endfunction()

set(cache -Dorg.signsym.cache=${BUILD}/cache)
set(mnist ${SOURCE}/examples/data/mnist)
set(classes ${folder}/consumer/target/classes)
run("^3 steps, finished" ${cache} -cp ${classes}${jars} consumer.Main ${mnist})
run("^3 steps, finished" ${cache} -p ${classes}${jars} -m consumer/consumer.Main ${mnist})

set(examples ${cache} -cp ${folder}/java/target/signsym-examples-0.1.0.jar)
set(cifar examples/configs/demo-cifar10.textproto feedback.rule=SIGN_SYMMETRY)
if(DEFINED ENV{SIGNSYM_TEST_FULL})
  run("finished" ${examples} TrainCifar ${cifar} train.epochs=3)
  run("is a cross" ${examples} FineTune examples/data/mnist)
  run("9[0-9].[0-9] %" ${examples} Online)
else()
  run("finished" ${examples} TrainCifar ${cifar} train.max_steps=2)
  run("is a cross" ${examples} FineTune examples/data/mnist 5)
  run("right before learning [0-9.]+ %" ${examples} Online 20)
endif()
set(exit 2)
foreach(example IN ITEMS TrainCifar FineTune TrainingWindow)
  run("^usage: ${example} [^\n]+" ${examples} ${example})
endforeach()
run("^usage: TrainCifar [^\n]+" ${examples} TrainCifar ${cifar} train.epochs)
file(REMOVE_RECURSE ${folder})

# Compiles a copy of consumer/ outside the tree, and runs it on the class path and on the module path.
include(${CMAKE_CURRENT_LIST_DIR}/repository.cmake)
execute_process(COMMAND mktemp --directory --tmpdir "signsym consumer XXXXXX" OUTPUT_VARIABLE folder
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/consumer/ DESTINATION ${folder})
maven(-f ${folder} --quiet compile)
set(jars "${folder}/target/classes")
foreach(artifact IN ITEMS org/signsym/signsym/0.1.0 org/signsym/signsym-natives-linux-x86_64/0.1.0
        org/signsym/signsym-libtorch-linux-x86_64/0.1.0 com/google/protobuf/protobuf-java/3.25.5)
  string(REGEX REPLACE ".*/([^/]+)/([^/]+)$" "\\1-\\2.jar" name ${artifact})
  string(APPEND jars ":${repository}/${artifact}/${name}")
endforeach()
set(options -Dorg.signsym.cache=${BUILD}/cache)
foreach(way IN ITEMS "-cp;${jars};consumer.Main" "-p;${jars};-m;consumer/consumer.Main")
  execute_process(COMMAND java ${options} ${way} ${SOURCE}/examples/data/mnist
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
  if(failed OR NOT said STREQUAL "3 steps, finished\n")
    message(FATAL_ERROR "${way}: ${said}")
  endif()
endforeach()
file(REMOVE_RECURSE ${folder})

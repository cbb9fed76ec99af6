# maven(ARGUMENTS…): Maven without a network, in a repository of this build's own: the pinned one by hard links, and what
# is installed.
set(repository ${BUILD}/repository)
if(NOT EXISTS ${SOURCE}/build/deps/maven)
  message(FATAL_ERROR "${SOURCE}/build/deps/maven is missing: run script/setup.")
endif()
file(MAKE_DIRECTORY ${repository})
execute_process(COMMAND cp --archive --link --no-clobber ${SOURCE}/build/deps/maven/. ${repository}
  RESULT_VARIABLE failed ERROR_QUIET)
if(failed) # another file system
  execute_process(COMMAND cp --archive --no-clobber ${SOURCE}/build/deps/maven/. ${repository} COMMAND_ERROR_IS_FATAL ANY)
endif()

function(maven)
  execute_process(
    COMMAND ${MAVEN} --batch-mode --no-transfer-progress --offline -Dmaven.repo.local=${repository} ${ARGN}
    WORKING_DIRECTORY ${SOURCE} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Runs a command, which is to succeed and to say what the regular expression EXPECTED says:
#   cmake -DEXPECTED= -P example.cmake COMMAND…
set(command)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last})
  list(APPEND command "${CMAKE_ARGV${i}}")
endforeach()
execute_process(COMMAND ${command} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
if(failed OR NOT said MATCHES "${EXPECTED}")
  message(FATAL_ERROR "status ${failed}; 0 is expected, and that it says \"${EXPECTED}\":\n${said}")
endif()

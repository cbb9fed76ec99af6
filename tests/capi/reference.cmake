# Doxygen makes the reference of the headers without a warning, and would warn of a function without a comment:
# cmake -DDOXYGEN=… -DSOURCE=… -P reference.cmake
file(READ ${SOURCE}/docs/Doxyfile settings)
file(COPY ${SOURCE}/capi/include/signsym DESTINATION reference)

function(make_reference input)
  file(WRITE reference/Doxyfile "${settings}\nINPUT = ${input}\nOUTPUT_DIRECTORY = ${CMAKE_CURRENT_BINARY_DIR}/reference\n")
  execute_process(COMMAND ${DOXYGEN} ${CMAKE_CURRENT_BINARY_DIR}/reference/Doxyfile WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE result)
  set(out "${out}" PARENT_SCOPE)
  set(result "${result}" PARENT_SCOPE)
endfunction()

make_reference(${SOURCE}/capi/include/signsym)
file(READ reference/html/signsym_8h.html page)
if(NOT result EQUAL 0 OR out OR NOT page MATCHES "signsym_trainer_run")
  message(FATAL_ERROR "exit ${result}\n${out}")
endif()

file(APPEND reference/signsym/signsym.h "\nSIGNSYM_API int32_t signsym_untold(void);\n")
make_reference(${CMAKE_CURRENT_BINARY_DIR}/reference/signsym)
if(result EQUAL 0 OR NOT out MATCHES "signsym_untold[^\n]*not documented")
  message(FATAL_ERROR "a function without a comment is not told of\n${out}")
endif()

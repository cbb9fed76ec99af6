# Doxygen makes the reference of the headers without a warning, and each function of the C header has a comment:
# cmake -DDOXYGEN=… -DSOURCE=… -P reference.cmake
file(READ ${SOURCE}/docs/Doxyfile settings)
file(COPY ${SOURCE}/capi/include/signsym DESTINATION reference)

# make_reference(INPUT SETTING…) sets out and result.
function(make_reference input)
  list(JOIN ARGN "\n" more)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/reference)
  file(WRITE reference/Doxyfile "${settings}\nINPUT = ${input}\nOUTPUT_DIRECTORY = ${folder}\n${more}\n")
  execute_process(COMMAND ${DOXYGEN} ${folder}/Doxyfile WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE result)
  set(out "${out}" PARENT_SCOPE)
  set(result "${result}" PARENT_SCOPE)
endfunction()

make_reference(${SOURCE}/capi/include/signsym)
file(READ reference/html/signsym_8h.html c_page)
file(READ reference/html/classsignsym_1_1Trainer.html cxx_page)
if(NOT result EQUAL 0 OR out OR NOT c_page MATCHES "signsym_trainer_run" OR NOT cxx_page MATCHES "run_for")
  message(FATAL_ERROR "exit ${result}\n${out}")
endif()

set(strict "GENERATE_HTML = NO" "GENERATE_XML = YES" "WARN_IF_UNDOCUMENTED = YES")
make_reference(${SOURCE}/capi/include/signsym/signsym.h ${strict})
if(NOT result EQUAL 0 OR out)
  message(FATAL_ERROR "exit ${result}\n${out}")
endif()
file(APPEND reference/signsym/signsym.h "\nSIGNSYM_API int32_t signsym_untold(void);\n")
make_reference(${CMAKE_CURRENT_BINARY_DIR}/reference/signsym/signsym.h ${strict})
if(result EQUAL 0 OR NOT out MATCHES "signsym_untold[^\n]*not documented")
  message(FATAL_ERROR "a function without a comment is not told of\n${out}")
endif()

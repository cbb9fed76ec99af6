# Lays libraries into OUT/META-INF/signsym/PLATFORM/NAME for a jar, without symbols that nothing needs, with a list of
# hash, size and name in the order of loading. CLOSURE: with the libraries of theirs that are not the system's; else
# without run paths, since what they need is loaded before them.
#   cmake -DOUT= -DPLATFORM= -DNAME= -DLIBRARIES=a,b [-DCLOSURE=ON] -DLICENSES=name=file,… -DSTRIP= -P pack.cmake
include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/SignsymLicenses.cmake")
string(REPLACE "," ";" libraries "${LIBRARIES}")
string(REPLACE "," ";" licenses "${LICENSES}")
set(folder "${OUT}/META-INF/signsym/${PLATFORM}/${NAME}")
file(REMOVE_RECURSE "${OUT}")
if(CLOSURE)
  file(GET_RUNTIME_DEPENDENCIES LIBRARIES ${libraries} RESOLVED_DEPENDENCIES_VAR closure
    PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|rt|dl|util|pthread|stdc\\+\\+|gcc_s)\\.so")
endif()
set(list)
foreach(file IN LISTS closure libraries)
  get_filename_component(name "${file}" NAME)
  configure_file("${file}" "${folder}/${name}" COPYONLY)
  execute_process(COMMAND "${STRIP}" --strip-unneeded "${folder}/${name}" COMMAND_ERROR_IS_FATAL ANY)
  if(NOT CLOSURE)
    file(RPATH_REMOVE FILE "${folder}/${name}")
  endif()
  file(SHA256 "${folder}/${name}" hash)
  file(SIZE "${folder}/${name}" size)
  string(APPEND list "${hash} ${size} ${name}\n")
endforeach()
signsym_lay_licenses("${OUT}/META-INF/licenses" ${licenses})
file(WRITE "${folder}/list" "${list}")

# The library exports the functions of its header under one version node, and nothing else:
# cmake -DNM=… -DREADELF=… -DLIBRARY=… -DSONAME=… -DHEADER=… -P exports.cmake
execute_process(COMMAND ${READELF} -dW ${LIBRARY} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
if(NOT dynamic MATCHES "\\(SONAME\\)[^\n]*\\[([^]]+)\\]" OR NOT CMAKE_MATCH_1 STREQUAL SONAME)
  message(FATAL_ERROR "the SONAME is ${CMAKE_MATCH_1}, not ${SONAME}")
endif()

# Rule of the documentation: what another LibTorch in the process lacks is the loader's refusal, not a crash later; and
# threads of the library may outlive its handle.
foreach(flag IN ITEMS NOW NODELETE)
  if(NOT dynamic MATCHES "\\(FLAGS[_1]*\\)[^\n]*${flag}")
    message(FATAL_ERROR "the library is not linked with -z ${flag}")
  endif()
endforeach()

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]+\n" exported "${symbols}")
list(TRANSFORM exported STRIP)
list(REMOVE_ITEM exported SIGNSYM_0) # the version node
set(elsewhere ${exported})
list(FILTER elsewhere EXCLUDE REGEX "@@SIGNSYM_0$")
if(elsewhere)
  message(FATAL_ERROR "not under the version node SIGNSYM_0: ${elsewhere}")
endif()
list(TRANSFORM exported REPLACE "@.*" "")

file(READ ${HEADER} header)
string(REGEX REPLACE "/\\*([^*]|\\*[^/])*\\*/" "" header "${header}")
string(REGEX MATCHALL "SIGNSYM_API [^;(]+[ *]signsym_[a-z0-9_]+\\(" declared "${header}")
list(TRANSFORM declared REPLACE ".*[ *](signsym_[a-z0-9_]+)\\(" "\\1")

list(LENGTH declared count)
if(count LESS 40)
  message(FATAL_ERROR "only ${count} functions were found in ${HEADER}")
endif()
set(missing ${declared})
list(REMOVE_ITEM missing ${exported})
set(strange ${exported})
list(REMOVE_ITEM strange ${declared})
if(missing OR strange)
  message(FATAL_ERROR "declared and not exported: ${missing}; exported and not declared: ${strange}")
endif()
message(STATUS "${count} functions")

# The library exports the functions of its header, and nothing else:
# cmake -DNM=… -DLIBRARY=… -DHEADER=… -P exports.cmake
execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]+\n" exported "${symbols}")
list(TRANSFORM exported STRIP)
list(TRANSFORM exported REPLACE "@.*" "")
list(REMOVE_ITEM exported SIGNSYM_0) # the version node

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

# Each function of signsym.h is called by signsym.hpp: cmake -DHEADER=… -DHPP=… -P hpp.cmake
file(READ ${HEADER} header)
file(READ ${HPP} hpp)
string(REGEX REPLACE "/\\*([^*]|\\*[^/])*\\*/" "" header "${header}")
string(REGEX MATCHALL "SIGNSYM_API [^;(]+[ *]signsym_[a-z0-9_]+\\(" declared "${header}")
list(TRANSFORM declared REPLACE ".*[ *](signsym_[a-z0-9_]+)\\(" "\\1")
# What a longer form does as well; a status is the call's own.
list(REMOVE_ITEM declared signsym_trainer_run signsym_trainer_resume signsym_error_status)
foreach(name IN LISTS declared)
  if(NOT hpp MATCHES "[^a-z_]${name}[^a-z_]")
    message(SEND_ERROR "${name} is not in ${HPP}")
  endif()
endforeach()

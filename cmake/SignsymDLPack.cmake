# DLPack's header, <signsym/dlpack.h>, as script/setup lays it down.
#
# Out: SIGNSYM_DLPACK_INCLUDE, the folder that holds signsym/dlpack.h

set(SIGNSYM_DLPACK "${PROJECT_SOURCE_DIR}/build/deps/dlpack" CACHE PATH
  "Prefix of the header of DLPack 1.3 or newer: include/signsym/dlpack.h")
set(SIGNSYM_DLPACK_INCLUDE "${SIGNSYM_DLPACK}/include")
if(NOT EXISTS "${SIGNSYM_DLPACK_INCLUDE}/signsym/dlpack.h")
  message(FATAL_ERROR "${SIGNSYM_DLPACK_INCLUDE}/signsym/dlpack.h is missing: run script/setup.")
endif()

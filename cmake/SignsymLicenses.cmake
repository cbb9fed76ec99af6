# The licences of what packages hold beside signsym's own code: what is installed, the NuGet packages and the jars of
# libraries all have theirs from here.
#
# Out: SIGNSYM_LICENSES_LIBRARY: of what is compiled into libsignsym; SIGNSYM_LICENSES_LIBTORCH: of LibTorch's libraries.
#      Each a list of PART=FILE
#      signsym_lay_licenses(FOLDER PART=FILE…): FOLDER/PART/name of the file; for scripts too

function(signsym_lay_licenses folder)
  foreach(license IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" license "${license}")
    set(part "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "${file} is missing, and a package carries the licence of ${part}: run script/setup.")
    endif()
    get_filename_component(name "${file}" NAME)
    configure_file("${file}" "${folder}/${part}/${name}" COPYONLY)
  endforeach()
endfunction()
if(CMAKE_SCRIPT_MODE_FILE)
  return()
endif()

# Headers compiled in have theirs where Debian puts them.
set(SIGNSYM_LICENSES_LIBRARY
  "protobuf=${SIGNSYM_PROTOBUF}/LICENSE"
  "dlpack=${SIGNSYM_DLPACK}/LICENSE"
  nlohmann-json=/usr/share/doc/nlohmann-json3-dev/copyright
  random123=/usr/share/doc/librandom123-dev/copyright)

# LibTorch has a part of MKL inside, and libgomp beside it.
file(GLOB SIGNSYM_LICENSES_LIBTORCH "${SIGNSYM_LIBTORCH_ROOT}/LICENSE*" "${SIGNSYM_LIBTORCH_ROOT}/NOTICE*"
  "${SIGNSYM_LIBTORCH_ROOT}/../torch-*.dist-info/licenses/*")
list(TRANSFORM SIGNSYM_LICENSES_LIBTORCH PREPEND libtorch=)
list(APPEND SIGNSYM_LICENSES_LIBTORCH
  libgomp=/usr/share/doc/libgomp1/copyright
  libgomp=/usr/share/common-licenses/GPL-3
  "mkl=${PROJECT_SOURCE_DIR}/build/deps/mkl/LICENSE"
  "mkl=${PROJECT_SOURCE_DIR}/build/deps/mkl/third-party-programs.txt")
get_filename_component(_license_cuda "${SIGNSYM_LIBTORCH_ROOT}/../nvidia/License.txt" ABSOLUTE)
if(EXISTS "${_license_cuda}")
  list(APPEND SIGNSYM_LICENSES_LIBTORCH "cuda=${_license_cuda}")
endif()

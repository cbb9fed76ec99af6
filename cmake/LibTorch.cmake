# LibTorch (>= 2.6) as one target, signsym::libtorch, from any tree: an unpacked libtorch zip, an installed Python
# torch, or the part of a wheel that script/setup lays under build/deps. The package's own find_package(Torch) asks
# for a CUDA toolkit as soon as the build knows of CUDA, so the few targets needed are made here.
#
# In:  SIGNSYM_LIBTORCH (cache or environment), else CMAKE_PREFIX_PATH, else build/deps/torch
# Out: signsym::libtorch, SIGNSYM_LIBTORCH_ROOT, SIGNSYM_LIBTORCH_VERSION, SIGNSYM_LIBTORCH_MEGABYTES

set(SIGNSYM_LIBTORCH "$ENV{SIGNSYM_LIBTORCH}" CACHE PATH
  "LibTorch folder (unpacked zip or an installed Python torch); empty: look in CMAKE_PREFIX_PATH, then build/deps/torch")

set(_torch_mark include/torch/csrc/api/include/torch/version.h)

# --- where it is
if(SIGNSYM_LIBTORCH)
  get_filename_component(_torch_roots "${SIGNSYM_LIBTORCH}" ABSOLUTE)
else()
  set(_torch_roots)
  string(REPLACE ":" ";" _torch_env "$ENV{CMAKE_PREFIX_PATH}")
  foreach(_torch_prefix IN LISTS CMAKE_PREFIX_PATH _torch_env)
    # torch.utils.cmake_prefix_path is <torch>/share/cmake
    list(APPEND _torch_roots "${_torch_prefix}" "${_torch_prefix}/torch" "${_torch_prefix}/../..")
  endforeach()
  list(APPEND _torch_roots "${PROJECT_SOURCE_DIR}/build/deps/torch")
endif()
set(SIGNSYM_LIBTORCH_ROOT)
foreach(_torch_root IN LISTS _torch_roots)
  if(EXISTS "${_torch_root}/${_torch_mark}" AND EXISTS "${_torch_root}/lib/libtorch_cpu.so")
    get_filename_component(SIGNSYM_LIBTORCH_ROOT "${_torch_root}" REALPATH)
    break()
  endif()
endforeach()
if(NOT SIGNSYM_LIBTORCH_ROOT)
  if(SIGNSYM_LIBTORCH)
    message(FATAL_ERROR "SIGNSYM_LIBTORCH=${SIGNSYM_LIBTORCH} holds no LibTorch (looked for ${_torch_mark} and "
      "lib/libtorch_cpu.so). Name an unpacked libtorch zip or the folder of an installed Python torch.")
  endif()
  message(FATAL_ERROR "LibTorch was not found. Run script/setup, or set SIGNSYM_LIBTORCH to an unpacked libtorch zip "
    "or to the folder of an installed Python torch (2.6 or newer).")
endif()

# --- what it is
set(_torch_version_file "${SIGNSYM_LIBTORCH_ROOT}/include/torch/headeronly/version.h") # since 2.9
if(NOT EXISTS "${_torch_version_file}")
  set(_torch_version_file "${SIGNSYM_LIBTORCH_ROOT}/${_torch_mark}")
endif()
file(STRINGS "${_torch_version_file}" _torch_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3"
  SIGNSYM_LIBTORCH_VERSION "${_torch_lines}")
if(NOT SIGNSYM_LIBTORCH_VERSION MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+$")
  message(FATAL_ERROR "No LibTorch version in ${_torch_version_file}")
elseif(SIGNSYM_LIBTORCH_VERSION VERSION_LESS 2.6)
  message(FATAL_ERROR "LibTorch ${SIGNSYM_LIBTORCH_VERSION} in ${SIGNSYM_LIBTORCH_ROOT} is too old: 2.6 or newer is "
    "needed. Unset SIGNSYM_LIBTORCH and run script/setup for a version that works.")
endif()
file(SIZE "${SIGNSYM_LIBTORCH_ROOT}/lib/libtorch_cpu.so" SIGNSYM_LIBTORCH_MEGABYTES) # the rest is 1 % of it
math(EXPR SIGNSYM_LIBTORCH_MEGABYTES "(${SIGNSYM_LIBTORCH_MEGABYTES} + 500000) / 1000000")
configure_file("${CMAKE_CURRENT_LIST_DIR}/libtorch.md.in" "${PROJECT_BINARY_DIR}/libtorch.md" @ONLY) # of its packages
# Protobuf and GoogleTest speak the C++11 string ABI; a LibTorch of the old one cannot be linked with them.
file(STRINGS "${SIGNSYM_LIBTORCH_ROOT}/lib/libc10.so" _torch_cxx11 LIMIT_COUNT 1 REGEX "N3c105ErrorC[12]E.*__cxx11")
if(NOT _torch_cxx11)
  message(FATAL_ERROR "LibTorch in ${SIGNSYM_LIBTORCH_ROOT} was built for the string ABI from before C++11. Take the "
    "zip whose name says cxx11-abi, or a wheel of 2.7 or newer.")
endif()
message(STATUS "LibTorch ${SIGNSYM_LIBTORCH_VERSION}: ${SIGNSYM_LIBTORCH_ROOT}")

# Some packages carry include/google, part of an old Protobuf that hides the real one: show all but that.
set(_torch_include "${SIGNSYM_LIBTORCH_ROOT}/include")
if(EXISTS "${_torch_include}/google")
  set(_torch_include "${PROJECT_BINARY_DIR}/libtorch-include")
  file(REMOVE_RECURSE "${_torch_include}")
  file(MAKE_DIRECTORY "${_torch_include}")
  file(GLOB _torch_entries RELATIVE "${SIGNSYM_LIBTORCH_ROOT}/include" "${SIGNSYM_LIBTORCH_ROOT}/include/*")
  list(REMOVE_ITEM _torch_entries google)
  foreach(_torch_entry IN LISTS _torch_entries)
    file(CREATE_LINK "${SIGNSYM_LIBTORCH_ROOT}/include/${_torch_entry}" "${_torch_include}/${_torch_entry}" SYMBOLIC)
  endforeach()
endif()

# --- the targets
function(_signsym_torch_library name file)
  add_library(signsym::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(signsym::${name} PROPERTIES IMPORTED_LOCATION "${file}")
endfunction()
_signsym_torch_library(torch_cpu "${SIGNSYM_LIBTORCH_ROOT}/lib/libtorch_cpu.so")
_signsym_torch_library(c10 "${SIGNSYM_LIBTORCH_ROOT}/lib/libc10.so")

# Ubuntu's linker drops a library that seems unused; LibTorch's operators register themselves when it is loaded.
set(CMAKE_LINK_LIBRARY_USING_signsym_keep "LINKER:--push-state,--no-as-needed" "<LINK_ITEM>" "LINKER:--pop-state")
set(CMAKE_LINK_LIBRARY_USING_signsym_keep_SUPPORTED TRUE)

add_library(signsym_libtorch INTERFACE)
add_library(signsym::libtorch ALIAS signsym_libtorch)
target_compile_features(signsym_libtorch INTERFACE cxx_std_17)
target_compile_definitions(signsym_libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
target_include_directories(signsym_libtorch SYSTEM INTERFACE
  "${_torch_include}" "${_torch_include}/torch/csrc/api/include")
target_link_libraries(signsym_libtorch INTERFACE
  $<LINK_LIBRARY:signsym_keep,signsym::torch_cpu> signsym::c10)

# The CUDA wheel's libtorch_cpu wants libraries that lie beside torch/, which a linker does not search by itself.
file(GLOB _torch_nvidia "${SIGNSYM_LIBTORCH_ROOT}/../nvidia/*/lib")
foreach(_torch_dir IN LISTS _torch_nvidia)
  get_filename_component(_torch_dir "${_torch_dir}" REALPATH)
  target_link_options(signsym_libtorch INTERFACE "LINKER:-rpath-link,${_torch_dir}")
endforeach()

# at::parallel_for runs serially in code compiled without OpenMP. A process must hold one OpenMP runtime: LibTorch's,
# linked by its file, since some packages rename it. The compiler's own serves where LibTorch brings none.
target_compile_options(signsym_libtorch INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fopenmp>)
file(GLOB _torch_openmp "${SIGNSYM_LIBTORCH_ROOT}/lib/libgomp*.so*")
if(_torch_openmp)
  list(GET _torch_openmp 0 _torch_openmp)
  _signsym_torch_library(openmp "${_torch_openmp}")
  target_link_libraries(signsym_libtorch INTERFACE signsym::openmp)
else()
  target_link_options(signsym_libtorch INTERFACE $<$<LINK_LANG_AND_ID:CXX,GNU>:-fopenmp>)
endif()

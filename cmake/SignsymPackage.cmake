# Packages of what `cmake --install` lays down, one for each component: in the build folder,
#   cpack -G TGZ    signsym-0.1.0-linux-x86_64-{runtime,development,libtorch}.tar.gz, which unpack into one folder
#   cpack -G DEB    signsym, signsym-dev, signsym-libtorch
# -D "CPACK_COMPONENTS_ALL=runtime;development" leaves LibTorch out.
set(CPACK_COMPONENTS_ALL runtime development)
if(SIGNSYM_BUNDLE_LIBTORCH)
  list(APPEND CPACK_COMPONENTS_ALL libtorch)
endif()
string(TOLOWER ${CMAKE_SYSTEM_NAME} _package_system)
set(CPACK_PACKAGE_FILE_NAME signsym-${PROJECT_VERSION}-${_package_system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_VENDOR "the signsym authors")
set(CPACK_PACKAGE_CONTACT "the signsym authors")
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/SignsymPackageArchive.cmake)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# Where LibTorch lies now, so that dpkg-shlibdeps looks past it: it is no package of Debian's.
file(GLOB CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${SIGNSYM_LIBTORCH_ROOT}/lib"
  "${SIGNSYM_LIBTORCH_ROOT}/../nvidia/*/lib")

set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "\
libsignsym, its driver and the schema of its configs. It needs LibTorch
${SIGNSYM_LIBTORCH_VERSION}: the package signsym-libtorch, or your own by a link from
/usr/lib/signsym to the folder of its libtorch_cpu.so.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME signsym)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS signsym-libtorch)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)

set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "\
What programs in C and C++ are built with: headers, and files for CMake and
pkg-config.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME signsym-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "signsym (= ${PROJECT_VERSION})")

if(SIGNSYM_BUNDLE_LIBTORCH)
  set(CPACK_COMPONENT_LIBTORCH_DESCRIPTION "\
The CPU libraries of LibTorch ${SIGNSYM_LIBTORCH_VERSION}, which signsym was built and tested
with: ${SIGNSYM_LIBTORCH_MEGABYTES} MB. It has no part of CUDA but what these do not load without.")
  set(CPACK_DEBIAN_LIBTORCH_PACKAGE_NAME signsym-libtorch)
  set(CPACK_DEBIAN_LIBTORCH_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_LIBTORCH_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/debian/preinst)
endif()
include(CPack)

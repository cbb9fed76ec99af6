# What `cmake --install` lays down, to be moved anywhere, in three components:
# - runtime: libsignsym.so.N, the driver, the proto files, the docs, the licences of all that is compiled in
# - development: headers, files for CMake and pkg-config, examples
# - libtorch: the folder `signsym` beside libsignsym.so.N, where it looks for LibTorch: a copy, or a link to the user's
include(CMakePackageConfigHelpers)

set(_install_doc ${CMAKE_INSTALL_DATADIR}/doc/signsym)
set(_install_libtorch ${CMAKE_INSTALL_LIBDIR}/signsym)
set(SIGNSYM_INSTALL_PROTO_DIR ${CMAKE_INSTALL_DATADIR}/signsym/proto)

# --- the library and the driver
set_target_properties(signsym PROPERTIES INSTALL_RPATH "$ORIGIN/signsym")
install(TARGETS signsym EXPORT signsym
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET signsym_cli)
  string(REGEX REPLACE "[^/]+" ".." _install_up ${CMAKE_INSTALL_BINDIR})
  set_target_properties(signsym_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${_install_up}/${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS signsym_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()

# --- what a host builds with
set(_install_cmake ${CMAKE_INSTALL_LIBDIR}/cmake/signsym)
install(EXPORT signsym NAMESPACE signsym:: DESTINATION ${_install_cmake} FILE signsymTargets.cmake
  COMPONENT development)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/signsymConfig.cmake.in signsymConfig.cmake
  INSTALL_DESTINATION ${_install_cmake} PATH_VARS SIGNSYM_INSTALL_PROTO_DIR)
write_basic_package_version_file(signsymConfigVersion.cmake COMPATIBILITY SameMinorVersion) # SameMajorVersion from 1.0 on
string(REGEX REPLACE "[^/]+" ".." SIGNSYM_INSTALL_UP ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_file(${CMAKE_CURRENT_LIST_DIR}/signsym.pc.in signsym.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/signsymConfig.cmake ${PROJECT_BINARY_DIR}/signsymConfigVersion.cmake
  DESTINATION ${_install_cmake} COMPONENT development)
install(FILES ${PROJECT_BINARY_DIR}/signsym.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(DIRECTORY examples/c examples/configs DESTINATION ${_install_doc}/examples COMPONENT development
  PATTERN CMakeLists.txt EXCLUDE)
install(DIRECTORY proto/ DESTINATION ${SIGNSYM_INSTALL_PROTO_DIR} COMPONENT runtime)

# --- docs, and the licences of what is inside
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${_install_doc} COMPONENT runtime)
install(DIRECTORY docs DESTINATION ${_install_doc} COMPONENT runtime FILES_MATCHING PATTERN "*.md" PATTERN "*.png")
function(_signsym_install_licenses component)
  foreach(license IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" license "${license}")
    install(FILES "${CMAKE_MATCH_2}" DESTINATION ${_install_doc}/licenses/${CMAKE_MATCH_1} COMPONENT ${component})
  endforeach()
endfunction()
_signsym_install_licenses(runtime ${SIGNSYM_LICENSES_LIBRARY})
if(TARGET signsym_cli)
  get_filename_component(_install_plotly "${SIGNSYM_PLOTLY}" DIRECTORY)
  _signsym_install_licenses(runtime cli11=/usr/share/doc/libcli11-dev/copyright "plotly=${_install_plotly}/LICENSE")
endif()

# --- LibTorch
get_filename_component(_install_fetched "${PROJECT_SOURCE_DIR}/build/deps/torch" REALPATH)
string(COMPARE EQUAL "${SIGNSYM_LIBTORCH_ROOT}" "${_install_fetched}" _install_bundle)
option(SIGNSYM_BUNDLE_LIBTORCH "Install a copy of LibTorch; OFF: a link to the one of this build, which is the user's"
  ${_install_bundle})
set(_install_folder "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${_install_libtorch}")
if(SIGNSYM_BUNDLE_LIBTORCH)
  # Not through an earlier link into the user's own.
  install(CODE "if(IS_SYMLINK \"${_install_folder}\")\n  file(REMOVE \"${_install_folder}\")\nendif()"
    COMPONENT libtorch)
  # The two libraries, and of LibTorch's other files those alone that the loader would not start them without.
  install(IMPORTED_RUNTIME_ARTIFACTS signsym::torch_cpu signsym::c10 RUNTIME_DEPENDENCY_SET signsym_libtorch
    LIBRARY DESTINATION ${_install_libtorch} COMPONENT libtorch)
  get_filename_component(_install_nvidia "${SIGNSYM_LIBTORCH_ROOT}/../nvidia" REALPATH)
  set(_install_own "${SIGNSYM_LIBTORCH_ROOT}/" "${_install_nvidia}/")
  list(TRANSFORM _install_own REPLACE "[][+.*()^$?|\\]" "\\\\\\0")
  list(TRANSFORM _install_own PREPEND "^")
  install(RUNTIME_DEPENDENCY_SET signsym_libtorch POST_INCLUDE_REGEXES ${_install_own} POST_EXCLUDE_REGEXES "."
    LIBRARY DESTINATION ${_install_libtorch} COMPONENT libtorch)

  if(NOT SIGNSYM_LICENSES_LIBTORCH MATCHES "(^|;)libtorch=")
    message(FATAL_ERROR "${SIGNSYM_LIBTORCH_ROOT} holds no LICENSE, and a package with LibTorch must: put PyTorch's "
      "there, or set SIGNSYM_BUNDLE_LIBTORCH=OFF.")
  endif()
  _signsym_install_licenses(libtorch ${SIGNSYM_LICENSES_LIBTORCH})
  install(FILES ${PROJECT_BINARY_DIR}/libtorch.md DESTINATION ${_install_doc} COMPONENT libtorch)
else()
  install(CODE "
    if(IS_DIRECTORY \"${_install_folder}\" AND NOT IS_SYMLINK \"${_install_folder}\")
      message(FATAL_ERROR \"${_install_folder} holds a LibTorch of an earlier install: remove it first.\")
    endif()
    file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}\")
    file(CREATE_LINK \"${SIGNSYM_LIBTORCH_ROOT}/lib\" \"${_install_folder}\" SYMBOLIC)"
    COMPONENT libtorch)
endif()

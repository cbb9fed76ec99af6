# Lays out the two packages as NuGet has them when they are unpacked, OUT/id/version:
# - signsym: the assembly, its documentation, the native libraries. No run paths: SignSym.dll loads each by its full path.
#   It depends on the second: one reference brings both
# - signsym.libtorch.linux-x64: LibTorch, with those of its own libraries that it does not start without; as links
# Each has the licences of what is in it, given as PART=FILE,…
#   cmake -DOUT= -DSOURCE= -DBUILT= -DVERSION= -DLIBRARY= -DLIBTORCH= -DLIBTORCH_VERSION= -DLIBTORCH_MEGABYTES=
#         -DLIBTORCH_README= -DSTRIP= -DLICENSES= -DLIBTORCH_LICENSES= -P nuget.cmake
include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/SignsymLicenses.cmake")
string(REPLACE "," ";" LICENSES "${LICENSES}")
string(REPLACE "," ";" LIBTORCH_LICENSES "${LIBTORCH_LICENSES}")
file(REMOVE_RECURSE "${OUT}")
set(native runtimes/linux-x64/native)

set(folder "${OUT}/signsym/${VERSION}")
configure_file("${SOURCE}/bindings/csharp/SignSym.nuspec.in" "${folder}/signsym.nuspec" @ONLY)
file(COPY "${SOURCE}/bindings/csharp/README.md" "${SOURCE}/LICENSE" DESTINATION "${folder}")
signsym_lay_licenses("${folder}/licenses" ${LICENSES})
file(COPY "${BUILT}/SignSym.dll" "${BUILT}/SignSym.xml" DESTINATION "${folder}/lib/netstandard2.0")
string(REGEX REPLACE "\\..*" "" major "${VERSION}")
configure_file("${LIBRARY}" "${folder}/${native}/libsignsym.so.${major}" COPYONLY)
configure_file("${BUILT}/libsignsym_csharp.so" "${folder}/${native}/libsignsym_csharp.so" COPYONLY)
foreach(name IN ITEMS libsignsym.so.${major} libsignsym_csharp.so)
  execute_process(COMMAND "${STRIP}" --strip-unneeded "${folder}/${native}/${name}" COMMAND_ERROR_IS_FATAL ANY)
  file(RPATH_REMOVE FILE "${folder}/${native}/${name}")
endforeach()

set(folder "${OUT}/signsym.libtorch.linux-x64/${LIBTORCH_VERSION}")
configure_file("${SOURCE}/bindings/csharp/SignSym.LibTorch.nuspec.in" "${folder}/signsym.libtorch.linux-x64.nuspec" @ONLY)
file(GET_RUNTIME_DEPENDENCIES LIBRARIES "${LIBTORCH}/lib/libtorch_cpu.so" RESOLVED_DEPENDENCIES_VAR closure
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|rt|dl|util|pthread|stdc\\+\\+|gcc_s)\\.so")
file(MAKE_DIRECTORY "${folder}/${native}")
foreach(file IN LISTS closure ITEMS "${LIBTORCH}/lib/libtorch_cpu.so")
  get_filename_component(name "${file}" NAME)
  get_filename_component(file "${file}" REALPATH)
  file(CREATE_LINK "${file}" "${folder}/${native}/${name}" COPY_ON_ERROR)
endforeach()
signsym_lay_licenses("${folder}/licenses" ${LIBTORCH_LICENSES})
configure_file("${LIBTORCH_README}" "${folder}/README.md" COPYONLY)

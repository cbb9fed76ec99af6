include(${CMAKE_CURRENT_LIST_DIR}/repository.cmake)
file(REMOVE_RECURSE ${BUILD}/maven/signsym/surefire-reports)
maven(-f bindings/java -Dsignsym.build=${BUILD} install)

# -Xcheck:jni says on standard output what a native method does wrong, and Surefire keeps it apart.
file(GLOB dumps ${BUILD}/maven/signsym/surefire-reports/*.dump*)
foreach(dump IN LISTS dumps)
  file(STRINGS ${dump} warnings REGEX "WARNING in native method|WARNING: JNI local refs|FATAL ERROR in native method")
  if(warnings)
    message(FATAL_ERROR "${dump}: ${warnings}")
  endif()
endforeach()

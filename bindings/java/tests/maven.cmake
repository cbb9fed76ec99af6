include(${CMAKE_CURRENT_LIST_DIR}/repository.cmake)
maven(-f bindings/java -Dsignsym.build=${BUILD} install)

# Read by cpack for each generator: the archives of all components unpack into one folder, a .deb into the root.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()

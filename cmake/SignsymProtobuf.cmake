# Protobuf 3.21 as signsym::protobuf: static, position-independent and hidden, so that it goes into libsignsym.so
# and no symbol of it comes out (script/setup builds it: Debian's archive is neither). protoc is the system's.
#
# Out: signsym::protobuf, SIGNSYM_PROTOC, signsym_protobuf_generate(TARGET PROTO_ROOT FILE...)

set(SIGNSYM_PROTOBUF "${PROJECT_SOURCE_DIR}/build/deps/protobuf" CACHE PATH
  "Prefix of a static, position-independent Protobuf 3.21")
if(NOT EXISTS "${SIGNSYM_PROTOBUF}/lib/libprotobuf.a")
  message(FATAL_ERROR "${SIGNSYM_PROTOBUF}/lib/libprotobuf.a is missing: run script/setup.")
endif()
find_package(Threads REQUIRED)
find_program(SIGNSYM_PROTOC protoc)
if(NOT SIGNSYM_PROTOC)
  message(FATAL_ERROR "protoc was not found: run script/setup, or install protobuf-compiler.")
endif()
execute_process(COMMAND "${SIGNSYM_PROTOC}" --version OUTPUT_VARIABLE _protoc_version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT _protoc_version MATCHES " 3\\.21\\.")
  message(FATAL_ERROR "${SIGNSYM_PROTOC} is ${_protoc_version}, but the library is Protobuf 3.21: "
    "set SIGNSYM_PROTOC to a protoc 3.21.")
endif()

add_library(signsym::protobuf STATIC IMPORTED GLOBAL)
set_target_properties(signsym::protobuf PROPERTIES
  IMPORTED_LOCATION "${SIGNSYM_PROTOBUF}/lib/libprotobuf.a"
  INTERFACE_INCLUDE_DIRECTORIES "${SIGNSYM_PROTOBUF}/include"
  INTERFACE_LINK_LIBRARIES Threads::Threads)

# Adds the C++ of FILES (relative to PROTO_ROOT) to TARGET; <path/of/file.pb.h> is then found by it and its users.
function(signsym_protobuf_generate target proto_root)
  get_filename_component(proto_root "${proto_root}" ABSOLUTE)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}-proto")
  file(MAKE_DIRECTORY "${out}")
  list(TRANSFORM ARGN PREPEND "${proto_root}/" OUTPUT_VARIABLE sources)
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem "${file}")
    add_custom_command(
      OUTPUT "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h"
      COMMAND "${SIGNSYM_PROTOC}" -I "${proto_root}" -I "${SIGNSYM_PROTOBUF}/include" "--cpp_out=${out}"
              "${proto_root}/${file}"
      DEPENDS ${sources} # each may import every other
      COMMENT "protoc ${file}"
      VERBATIM)
    set_source_files_properties("${out}/${stem}.pb.cc" PROPERTIES COMPILE_OPTIONS -w)
    target_sources(${target} PRIVATE "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h")
  endforeach()
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${out}>")
  target_link_libraries(${target} PUBLIC signsym::protobuf)
endfunction()

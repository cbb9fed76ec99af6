# A stage of the data's way as a static library: signsym_stage(name SOURCES … LINK …).
# Everything is position-independent and hidden, since it goes into libsignsym.so.
function(signsym_stage name)
  cmake_parse_arguments(PARSE_ARGV 1 stage "" "" "SOURCES;LINK")
  add_library(signsym_${name} STATIC ${stage_SOURCES})
  signsym_defaults(signsym_${name})
  target_include_directories(signsym_${name} PUBLIC ${PROJECT_SOURCE_DIR}/core)
  target_link_libraries(signsym_${name} PUBLIC ${stage_LINK})
endfunction()

# What calls and checks, and computes nothing itself: it is compiled a third sooner, and runs as fast.
function(signsym_compiled_soon target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

function(signsym_defaults target)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF C_STANDARD 99 C_STANDARD_REQUIRED ON)
  target_compile_options(${target} PRIVATE -Wall -Wextra)
endfunction()

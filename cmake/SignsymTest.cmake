# How tests are registered: each TEST of a source, or method of a script, is one ctest test, and its name is a sentence.
#
# Out: signsym_test(), signsym_c_test(), signsym_strict(), signsym_python_test()
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
include(GoogleTest)

# signsym_test(name SOURCES … LINK … [PROPERTIES …]): a program of GoogleTest.
function(signsym_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;LINK;PROPERTIES")
  add_executable(${name} ${test_SOURCES})
  signsym_defaults(${name})
  target_link_libraries(${name} PRIVATE ${test_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    SIGNSYM_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SIGNSYM_BINARY_DIR="${PROJECT_BINARY_DIR}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 900 ${test_PROPERTIES})
endfunction()

# signsym_strict(target): a host of the library, as ISO has the language, without a warning.
function(signsym_strict target)
  signsym_defaults(${target})
  set_target_properties(${target} PROPERTIES C_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -pedantic -Werror)
  target_link_libraries(${target} PRIVATE signsym::signsym)
endfunction()

# signsym_c_test(name SOURCES … [HELPERS …] [LINK …] [GROUP Capi] [PROPERTIES …]): a program over tests/capi/check.h;
# each test runs in a process of its own.
function(signsym_c_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "GROUP" "SOURCES;HELPERS;LINK;PROPERTIES")
  if(NOT test_GROUP)
    set(test_GROUP Capi)
  endif()
  set(folder ${PROJECT_SOURCE_DIR}/tests/capi)
  add_executable(${name} ${folder}/check.c ${folder}/fixture.c ${test_SOURCES} ${test_HELPERS})
  target_include_directories(${name} PRIVATE ${folder})
  signsym_strict(${name})
  target_compile_definitions(${name} PRIVATE
    $<$<COMPILE_LANGUAGE:C>:_XOPEN_SOURCE=700> SIGNSYM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE Threads::Threads ${test_LINK})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${test_SOURCES})
  foreach(source IN LISTS test_SOURCES)
    get_filename_component(group ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" group ${group})
    file(STRINGS ${source} lines REGEX "^TEST\\(")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "TEST\\(([A-Za-z0-9_]+)\\).*" "\\1" sentence "${line}")
      set(test ${test_GROUP}.${group}.${sentence})
      add_test(NAME ${test} COMMAND ${name} ${sentence})
      set_tests_properties(${test} PROPERTIES TIMEOUT 300 ${test_PROPERTIES})
    endforeach()
  endforeach()
endfunction()

# signsym_python_test(GROUP SCRIPTS … [PROPERTIES …]): scripts of unittest in the present folder. A test is named
# GROUP.Class.sentence, and counts as skipped where its script skips it.
function(signsym_python_test group)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SCRIPTS;PROPERTIES")
  foreach(file IN LISTS test_SCRIPTS)
    set(script ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
    file(STRINGS ${script} lines REGEX "^class |^    def test_")
    foreach(line IN LISTS lines)
      if(line MATCHES "^class ([A-Za-z]+)")
        set(class ${CMAKE_MATCH_1})
      elseif(line MATCHES "def test_([A-Za-z0-9_]+)")
        set(test ${group}.${class}.${CMAKE_MATCH_1})
        add_test(NAME ${test} COMMAND ${Python3_EXECUTABLE} -B ${script} ${class}.test_${CMAKE_MATCH_1})
        set_tests_properties(${test} PROPERTIES TIMEOUT 300 SKIP_REGULAR_EXPRESSION "OK .skipped=" ${test_PROPERTIES})
      endif()
    endforeach()
  endforeach()
endfunction()

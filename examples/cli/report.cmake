# `signsym report`: its page, and the chart library that script/setup has fetched, become part of the program.
set(SIGNSYM_PLOTLY "${PROJECT_SOURCE_DIR}/build/deps/plotly/plotly.min.js" CACHE FILEPATH
  "plotly.min.js, for signsym report; without it the program says so when it is asked for a report")

target_sources(signsym_cli PRIVATE
  report.cpp report_assets.cpp report_assets.S report_config.cpp report_order.cpp report_page.cpp report_run.cpp
  report_summary.cpp report_table.cpp)

set(_report_plotly "${SIGNSYM_PLOTLY}")
if(NOT EXISTS "${_report_plotly}")
  message(WARNING "${SIGNSYM_PLOTLY} is missing: signsym report will not work. Run script/setup.")
  set(_report_plotly "${CMAKE_CURRENT_BINARY_DIR}/no-plotly.js")
  file(WRITE "${_report_plotly}" "")
endif()
set(_report_folder "${CMAKE_CURRENT_SOURCE_DIR}/report")
set_source_files_properties(report_assets.S PROPERTIES
  COMPILE_DEFINITIONS "SIGNSYM_REPORT_PAGE=\"${_report_folder}/page.html\";\
SIGNSYM_REPORT_STYLE=\"${_report_folder}/page.css\";\
SIGNSYM_REPORT_SCRIPT=\"${_report_folder}/page.js\";\
SIGNSYM_REPORT_PLOTLY=\"${_report_plotly}\""
  OBJECT_DEPENDS "${_report_folder}/page.html;${_report_folder}/page.css;${_report_folder}/page.js;${_report_plotly}")

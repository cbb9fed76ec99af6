// The files of a report, as bytes between two symbols. The paths are absolute, from report.cmake.
.macro asset name, path
  .global driver_\name, driver_\name\()_end
  driver_\name: .incbin "\path"
  driver_\name\()_end:
.endm

.section .rodata
asset page, SIGNSYM_REPORT_PAGE
asset style, SIGNSYM_REPORT_STYLE
asset script, SIGNSYM_REPORT_SCRIPT
asset plotly, SIGNSYM_REPORT_PLOTLY

.section .note.GNU-stack, "", @progbits

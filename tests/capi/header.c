/* Compiled as C99 and C11, and as C++17 (header.cpp): the header alone, without a warning. */
#include <signsym/signsym.h>

int signsym_header_test(void);
int signsym_header_test(void) { return SIGNSYM_OK; }

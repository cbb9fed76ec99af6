#include "check.h"

#include <stdio.h>
#include <stdlib.h>

static struct test *tests;

void register_test(struct test *test) {
  test->next = tests;
  tests = test;
}

void check_failed(const char *file, int line, const char *what, const char *found) {
  fprintf(stderr, "%s:%d: not so: %s%s%s\n", file, line, what, *found ? "; found: " : "", found);
  exit(1);
}

void check_status(const char *file, int line, const char *call, signsym_status expected, signsym_status found) {
  char what[1024];
  if (found == expected) return;
  snprintf(what, sizeof what, "%s is %s", call, signsym_status_name(expected));
  check_failed(file, line, what, signsym_status_name(found));
}

void check_text(const char *file, int line, const char *expected, const char *text) {
  if (!text || strcmp(text, expected) != 0) check_failed(file, line, expected, text ? text : "NULL");
}

void check_has(const char *file, int line, const char *part, const char *text) {
  if (!text || !strstr(text, part)) check_failed(file, line, part, text ? text : "NULL");
}

int main(int argc, char **argv) {
  int run = 0;
  for (struct test *test = tests; test; test = test->next) {
    if (argc > 1 && strcmp(argv[1], test->name) != 0) continue;
    test->body();
    ++run;
  }
  fprintf(stderr, "%d passed\n", run);
  return run == 0;
}

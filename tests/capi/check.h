/* Tests in C: TEST(A_sentence) { CHECK(…); }. `signsym_capi_test A_sentence` runs one, no name runs all. */
#ifndef SIGNSYM_TESTS_CHECK_H
#define SIGNSYM_TESTS_CHECK_H

#include <signsym/signsym.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct test {
  const char *name;
  void (*body)(void);
  struct test *next;
};
void register_test(struct test *test);

#define TEST(sentence)                                              \
  static void sentence(void);                                       \
  static struct test sentence##_test = {#sentence, sentence, NULL}; \
  __attribute__((constructor)) static void sentence##_register(void) { register_test(&sentence##_test); } \
  static void sentence(void)

/* The first that fails says so and ends the program with 1. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, ""))
#define CHECK_STATUS(expected, call) check_status(__FILE__, __LINE__, #call, expected, call)
#define CHECK_OK(call) CHECK_STATUS(SIGNSYM_OK, call)
#define CHECK_TEXT(expected, text) check_text(__FILE__, __LINE__, expected, text)
#define CHECK_HAS(part, text) check_has(__FILE__, __LINE__, part, text)

void check_failed(const char *file, int line, const char *what, const char *found);
void check_status(const char *file, int line, const char *call, signsym_status expected, signsym_status found);
void check_text(const char *file, int line, const char *expected, const char *text);
void check_has(const char *file, int line, const char *part, const char *text);

#ifdef __cplusplus
}
#endif

#endif

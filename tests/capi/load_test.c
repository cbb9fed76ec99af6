/* The library opened by hand, closed and opened again: load_test PATH. */
#include <dlfcn.h>
#include <signsym/signsym.h>
#include <stdio.h>
#include <string.h>

static void *function(void *library, const char *name) {
  void *address = dlsym(library, name);
  if (!address) fprintf(stderr, "%s\n", dlerror());
  return address;
}

static int use(const char *path) {
  const char *(*version)(void);
  signsym_status (*create)(signsym_cancel **, signsym_error **), (*info)(signsym_format, signsym_bytes **, signsym_error **);
  int32_t (*is_set)(const signsym_cancel *);
  void (*set)(signsym_cancel *);
  static signsym_cancel *first;
  signsym_cancel *cancel = NULL;
  signsym_bytes *bytes = NULL;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 0;
  }
  *(void **)&version = function(library, "signsym_version");
  *(void **)&create = function(library, "signsym_cancel_create");
  *(void **)&info = function(library, "signsym_build_info");
  *(void **)&is_set = function(library, "signsym_cancel_is_set");
  *(void **)&set = function(library, "signsym_cancel_set");
  if (!version || !create || !info || !is_set || !set || !*version()) return 0;
  if (info(SIGNSYM_JSON, &bytes, NULL) != SIGNSYM_OK || create(&cancel, NULL) != SIGNSYM_OK) return 0;
  set(cancel);
  if (!is_set(cancel) || (first && !is_set(first))) return 0; /* handles outlive dlclose: the library stays */
  first = cancel;
  return dlclose(library) == 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  for (int times = 0; times < 3; ++times)
    if (!use(argv[1])) return 1;
  return 0;
}

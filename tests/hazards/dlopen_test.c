/* The library opened, used to train, and closed by two threads at once, again and again: dlopen_test LIBRARY MNIST. */
#include <dlfcn.h>
#include <pthread.h>
#include <signsym/signsym.h>
#include <stdio.h>
#include <stdlib.h>

enum { rounds = 5 };

static const char *library;
static char config_text[2048];
static pthread_barrier_t begin;

/* Of this type, by name. */
#define FUNCTION(name) __typeof__(&name) const name##_ = (__typeof__(&name))(size_t)dlsym(handle, #name)

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what ? what : "?");
  exit(1);
}

static void train_once(void) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  signsym_config *config = NULL;
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  if (!handle) fail(dlerror());
  FUNCTION(signsym_config_create);
  FUNCTION(signsym_config_free);
  FUNCTION(signsym_trainer_create);
  FUNCTION(signsym_trainer_run);
  FUNCTION(signsym_trainer_is_finished);
  FUNCTION(signsym_trainer_free);
  FUNCTION(signsym_error_message);
  if (!signsym_error_message_ || !signsym_config_create_) fail(dlerror());
  if (signsym_config_create_(config_text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &config, &error) ||
      signsym_trainer_create_(config, &trainer, &error) || signsym_trainer_run_(trainer, NULL, &error))
    fail(signsym_error_message_(error));
  if (!signsym_trainer_is_finished_(trainer)) fail("the run has not finished");
  signsym_trainer_free_(trainer);
  signsym_config_free_(config);
  if (dlclose(handle) != 0) fail(dlerror());
}

static void *train_often(void *unused) {
  (void)unused;
  for (int i = 0; i < rounds; ++i) {
    pthread_barrier_wait(&begin);
    train_once();
  }
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t threads[2];
  if (argc != 3) return 2;
  library = argv[1];
  snprintf(config_text, sizeof config_text,
           "data { mnist { path: \"%s\" } batch_size: 32 } model { mlp { hidden: 16 } } train { max_steps: 3 }",
           argv[2]);
  pthread_barrier_init(&begin, NULL, 2);
  for (int i = 0; i < 2; ++i)
    if (pthread_create(&threads[i], NULL, train_often, NULL) != 0) return 2;
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  return 0;
}

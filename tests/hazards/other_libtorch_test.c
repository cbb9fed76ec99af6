/* The host brings another LibTorch. other_libtorch.cpp, loaded first, speaks for it. */
#include "check.h"

TEST(A_LibTorch_of_another_version_is_refused_in_words_by_every_call) {
  signsym_config *config = NULL;
  signsym_model *model = NULL;
  for (int times = 0; times < 2; ++times) {
    signsym_error *error = NULL;
    CHECK_STATUS(SIGNSYM_UNSUPPORTED, signsym_config_create("", 0, SIGNSYM_TEXT, NULL, &config, &error));
    CHECK_HAS("2.3.1", signsym_error_message(error));
    CHECK_HAS("other_libtorch", signsym_error_message(error));
    CHECK_HAS("was built for " SIGNSYM_LIBTORCH_VERSION, signsym_error_message(error));
    signsym_error_free(error);
    CHECK_STATUS(SIGNSYM_UNSUPPORTED, signsym_model_load("/no/such/file", &model, NULL));
  }
  CHECK(!config && !model && *signsym_version());
}

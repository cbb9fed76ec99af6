#include <stdio.h>

#include "check.h"
#include "fixture.h"

TEST(The_version_is_that_of_the_header) {
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", SIGNSYM_VERSION_MAJOR, SIGNSYM_VERSION_MINOR, SIGNSYM_VERSION_PATCH);
  CHECK_TEXT(version, signsym_version());
  CHECK(signsym_abi_version() == SIGNSYM_VERSION_MAJOR);
}

TEST(The_build_info_has_versions_machine_and_defaults_in_every_form) {
  signsym_bytes *info = NULL;
  CHECK_OK(signsym_build_info(SIGNSYM_TEXT, &info, NULL));
  CHECK_HAS("libtorch: \"", signsym_bytes_data(info));
  CHECK_HAS("memory_format: CHANNELS_LAST", signsym_bytes_data(info));
  signsym_bytes_free(info);
  CHECK_OK(signsym_build_info(SIGNSYM_BINARY, &info, NULL));
  CHECK(signsym_bytes_size(info) > 50);
  signsym_bytes_free(info);
  CHECK_OK(signsym_build_info(SIGNSYM_JSON, &info, NULL));
  CHECK(json_has(signsym_bytes_data(info), "versions", NULL));
  CHECK(json_has(signsym_bytes_data(info), "machine", NULL));
  CHECK(json_has(signsym_bytes_data(info), "defaults", NULL));
  CHECK(strlen(signsym_bytes_data(info)) == signsym_bytes_size(info));
  CHECK_HAS(signsym_version(), signsym_bytes_data(info));
  signsym_bytes_free(info);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_build_info(0, &info, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_build_info(SIGNSYM_JSON, NULL, NULL));
}

TEST(Each_status_has_its_name_and_no_other_number_has_one) {
  CHECK_TEXT("SIGNSYM_OK", signsym_status_name(SIGNSYM_OK));
  CHECK_TEXT("SIGNSYM_INVALID_HANDLE", signsym_status_name(SIGNSYM_INVALID_HANDLE));
  CHECK_TEXT("SIGNSYM_DIVERGED", signsym_status_name(SIGNSYM_DIVERGED));
  CHECK_TEXT("SIGNSYM_CALLBACK_FAILED", signsym_status_name(SIGNSYM_CALLBACK_FAILED));
  CHECK_TEXT("SIGNSYM_INTERNAL", signsym_status_name(SIGNSYM_INTERNAL));
  CHECK_TEXT("", signsym_status_name(SIGNSYM_INTERNAL + 1));
  CHECK_TEXT("", signsym_status_name(-1));
  CHECK_TEXT("", signsym_status_name(INT32_MIN));
  CHECK_TEXT("", signsym_status_name(INT32_MAX));
}

#include "bytes.h"
#include "guard.h"
#include "train/describe.h"

using namespace signsym::capi;

extern "C" {

const char* signsym_version(void) { return SIGNSYM_VERSION; }

int32_t signsym_abi_version(void) { return SIGNSYM_VERSION_MAJOR; }

signsym_status signsym_build_info(signsym_bytes** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_bytes(signsym::describe_build());
  });
}

}  // extern "C"

#include "bytes.h"
#include "config/config.h"
#include "config/form.h"
#include "guard.h"
#include "train/build_info.h"

using namespace signsym::capi;

extern "C" {

const char* signsym_version(void) { return SIGNSYM_VERSION; }

int32_t signsym_abi_version(void) { return SIGNSYM_VERSION_MAJOR; }

signsym_status signsym_build_info(signsym_format format, signsym_bytes** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_bytes(signsym::write(signsym::build_info(), static_cast<signsym::Format>(format)));
  });
}

}  // extern "C"

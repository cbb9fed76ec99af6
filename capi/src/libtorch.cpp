#include "libtorch.h"

#include <ATen/Version.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <string>

#include "base/error.h"

namespace signsym::capi {
namespace {

// "2.11.0", from LibTorch's account of its build; "" where it has none.
std::string version_in_process() {
  const std::string config = at::show_config();
  const std::string key = "TORCH_VERSION=";
  const size_t at = config.find(key);
  if (at == std::string::npos) return {};
  const size_t begin = at + key.size();
  return config.substr(begin, config.find_first_not_of("0123456789.", begin) - begin);
}

std::string complaint() {
  const std::string found = version_in_process();
  const std::string expected = TORCH_VERSION;
  if (found == expected.substr(0, expected.find_first_not_of("0123456789."))) return {};
  Dl_info info{};
  const bool known = dladdr(reinterpret_cast<const void*>(&at::show_config), &info) != 0 && info.dli_fname;
  return "the LibTorch in this process is " + (found.empty() ? "of an unknown version" : found) +
         (known ? std::string(" (") + info.dli_fname + ")" : "") + ", and this library was built for " + expected +
         ": two cannot be in one process. Use the library before what brings the other one, or in a process of its own, "
         "or build it for that version";
}

}  // namespace

void require_our_libtorch() {
  static const std::string& found = *new std::string(complaint());  // never destroyed: exit() may come meanwhile
  if (!found.empty()) throw Error(Status::unsupported, found);
}

}  // namespace signsym::capi

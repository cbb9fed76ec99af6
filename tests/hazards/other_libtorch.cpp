// Loaded before LibTorch, it says that that is of another version.
#include <string>

namespace at {
__attribute__((visibility("default"))) std::string show_config() { return "PyTorch, TORCH_VERSION=2.3.1, USE_MKL=ON"; }
}  // namespace at

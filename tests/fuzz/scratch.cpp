#include <stdlib.h>

#include <fstream>
#include <system_error>

#include "fuzzer.h"

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "signsym-fuzz-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "a folder can be made");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

const std::filesystem::path& scratch() {
  static const Folder folder;
  return folder.path;
}

void write_scratch(const std::string& name, std::string_view bytes) {
  std::ofstream(scratch() / name, std::ios::binary) << bytes;
}

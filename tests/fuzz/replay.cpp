// Runs a target on files and on all files of folders, without a fuzzer: each must come to its end.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzzer.h"

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_directory(argv[i]))
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
    else
      files.push_back(argv[i]);
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    std::ifstream in(file, std::ios::binary);
    require(in.is_open(), "the file can be read");
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  require(!files.empty(), "there are files");
  std::printf("%zu inputs\n", files.size());
  return 0;
}

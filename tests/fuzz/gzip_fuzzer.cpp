// A file that may be gzipped: the first byte of the input is how much is read at once.
#include "data/gzip.h"
#include "fuzzer.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  write_scratch("file", bytes_of(data + 1, size - 1));
  const size_t at_once = 1 + data[0] * 16u;
  read_or_refuse((scratch() / "file").string(), [&] {
    GzipReader file(scratch() / "file", "advice");
    std::string part(at_once, '\0');
    double total = 0;
    const double bound = file.bound();
    const auto within = [&] { require(total <= bound, "no more follows than was promised"); };
    for (;;) {
      file.read(part.data(), part.size());  // an error at the end
      total += static_cast<double>(part.size());
      within();
    }
  });
  read_or_refuse((scratch() / "file").string(), [&] { GzipReader(scratch() / "file", "advice").finish(); });
  return 0;
}

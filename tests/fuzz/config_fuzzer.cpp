// The config in one format, FORMAT. One that may be used is written and read back in every format, and is the same.
#include "config/config.h"
#include "fuzzer.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Config config, resolved;
  if (!read_or_refuse("source", [&] { config = Config::parse(bytes_of(data, size), Format::FORMAT, "source"); })) return 0;
  const std::string binary = config.write(Format::binary);
  if (!read_or_refuse("source", [&] { resolved = config.resolved(); })) return 0;
  for (const Format format : {Format::text, Format::json, Format::binary}) {
    const Config again = Config::parse(config.write(format), format, "again");
    require(again.write(Format::binary) == binary, "what was written is read back");
  }
  require(resolved.hash() == config.hash(), "defaults do not change the hash");
  require(resolved.resolved().write(Format::binary) == resolved.write(Format::binary), "what is resolved stays as it is");
  return 0;
}

// One field of a config: the input is path=value.
#include "config/config.h"
#include "fuzzer.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Config base = Config::parse(
      "data { cifar10 { path: 'x' } transform { crop {} } } model { mlp { hidden: 4 } } feedback { layer { name: 'fc' } }",
      Format::text, "source");
  const std::string_view text = bytes_of(data, size);
  const size_t equals = text.find('=');
  if (equals == text.npos) return 0;
  Config config = base;
  const std::string before = config.write(Format::binary);
  if (read_or_refuse("source", [&] { config.set(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))); }))
    read_or_refuse("source", [&] { config.check(); });
  else
    require(config.write(Format::binary) == before, "a failed call changes nothing");
  return 0;
}

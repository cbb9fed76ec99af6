#include "config.h"

#include <cstring>

#include "bytes.h"
#include "guard.h"
#include "train/run_folder.h"

using namespace signsym;
using namespace signsym::capi;

extern "C" {

signsym_status signsym_config_create(const char* data, uint64_t size, signsym_format format, const char* source,
                                     signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    if (size > 0) require(data, "data");
    if (size == SIGNSYM_TEXT_LENGTH && format == SIGNSYM_BINARY)
      throw Error(Status::invalid_argument, "size is SIGNSYM_TEXT_LENGTH: a binary config needs its length");
    if (size == SIGNSYM_TEXT_LENGTH) size = std::strlen(data);
    Config config = Config::parse({data, size}, static_cast<Format>(format), source ? source : "config");
    *out = adopt<signsym_config>(std::make_shared<Config>(std::move(config)));
  });
}

signsym_status signsym_config_create_from_file(const char* path, signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    require(out, "out");
    *out = adopt<signsym_config>(std::make_shared<Config>(Config::read(path)));
  });
}

signsym_status signsym_config_create_from_run(const char* folder, signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(folder, "folder");
    require(out, "out");
    Config config = Config::read(RunFolder::config_file(folder).string());
    *out = adopt<signsym_config>(std::make_shared<Config>(std::move(config)));
  });
}

signsym_status signsym_config_set(signsym_config* config, const char* path, const char* value, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    require(value, "value");
    get(config, "config")->set(path, value);
  });
}

signsym_status signsym_config_copy(const signsym_config* config, signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = adopt<signsym_config>(std::make_shared<Config>(*get(config, "config")));
  });
}

signsym_status signsym_config_check(const signsym_config* config, signsym_error** error) {
  return guard(error, [&] { get(config, "config")->check(); });
}

signsym_status signsym_config_resolve(const signsym_config* config, signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = adopt<signsym_config>(std::make_shared<Config>(get(config, "config")->resolved()));
  });
}

signsym_status signsym_config_write(const signsym_config* config, signsym_format format, signsym_bytes** out,
                                    signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_bytes(get(config, "config")->write(static_cast<Format>(format)));
  });
}

signsym_status signsym_config_hash(const signsym_config* config, signsym_bytes** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_bytes(get(config, "config")->hash());
  });
}

void signsym_config_free(signsym_config* config) { let_go(config); }

}  // extern "C"

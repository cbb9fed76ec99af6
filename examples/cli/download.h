// One file from a web server, in pieces if need be, known by its MD5.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace driver {

struct RemoteFile {
  std::string name;
  std::string md5;  // 32 hexadecimal digits, small
  int64_t bytes = 0;
};

struct Patience {
  long connect_seconds = 30;
  long stall_seconds = 60;  // with less than 1 kB/s
  int attempts = 3;         // in a row that bring nothing new, before it is given up
  double pause_seconds = 2;
};

// Told how many bytes are there, at least once a second; false stops.
using OnBytes = std::function<bool(int64_t bytes)>;

// Goes on with `part`, or begins it, until it is the whole file with the right MD5. A file with a wrong one is removed.
// http and https; redirects to https alone. False: stopped by on_bytes. Otherwise throws Failure; `part` stays.
bool download(const std::string& url, const RemoteFile& file, const std::filesystem::path& part,
              const Patience& patience, const OnBytes& on_bytes);

// "" where there is no such file.
std::string md5_of(const std::filesystem::path& path);

}  // namespace driver

// The bytes of a file in sequence, gunzipped where they are gzipped.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace signsym {

class GzipReader {
 public:
  // Reads the file whole; plain and gzipped files are told apart by their first bytes. `advice` ends each error.
  GzipReader(const std::filesystem::path& path, const std::string& advice);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // The next `count` bytes. Errors: bad_data where there are fewer, or where the compressed data is damaged.
  void read(void* out, size_t count);
  // The end: nothing may follow, and the checksum must be right. Errors: bad_data.
  void finish();
  // No more bytes than this can follow: what a header promises is held against it before memory is taken.
  double bound() const;

  // bad_data: the file, what was found, the advice.
  [[noreturn]] void fail(const std::string& found) const;

 private:
  size_t read_some(void* out, size_t count);  // 0 at the end

  const std::filesystem::path path_;
  const std::string advice_;
  std::string bytes_;  // as they are in the file
  size_t position_ = 0;  // in bytes_: what zlib was given, or what was read
  bool gzipped_ = false;
  bool ended_ = false;  // a gzip member was read to its end, and no other follows
  z_stream stream_{};
};

}  // namespace signsym

#include "data/gzip.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"
#include "base/file.h"

namespace signsym {
namespace {

constexpr size_t at_once = size_t{1} << 30;  // zlib counts in 32 bits
constexpr double most_per_byte = 1032;       // what deflate can make of one byte at best

bool starts_member(const std::string& bytes, size_t at) { return bytes.compare(at, 2, "\x1f\x8b") == 0; }

}  // namespace

GzipReader::GzipReader(const std::filesystem::path& path, const std::string& advice)
    : path_(path), advice_(advice), bytes_(read_file(path)), gzipped_(starts_member(bytes_, 0)) {
  if (gzipped_ && inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
}

GzipReader::~GzipReader() {
  if (gzipped_) inflateEnd(&stream_);
}

void GzipReader::read(void* out, size_t count) {
  auto* to = static_cast<uint8_t*>(out);
  while (count > 0) {
    const size_t got = read_some(to, count);
    if (got == 0) fail("the file ends " + std::to_string(count) + " bytes before the end of what its header promises");
    to += got;
    count -= got;
  }
}

void GzipReader::finish() {
  uint8_t more;
  if (read_some(&more, 1) != 0 || position_ != bytes_.size()) fail("bytes follow after the end of the data");
}

double GzipReader::bound() const {
  const double rest = static_cast<double>(bytes_.size() - position_);
  return gzipped_ ? rest * most_per_byte + 65536 : rest;  // zlib may hold back one window
}

void GzipReader::fail(const std::string& found) const {
  throw Error(Status::bad_data, path_.string() + ": " + found + "; " + advice_);
}

size_t GzipReader::read_some(void* out, size_t count) {
  count = std::min(count, at_once);
  if (!gzipped_) {
    count = std::min(count, bytes_.size() - position_);
    std::memcpy(out, bytes_.data() + position_, count);
    position_ += count;
    return count;
  }
  stream_.next_out = static_cast<Bytef*>(out);
  stream_.avail_out = static_cast<uInt>(count);
  while (!ended_ && stream_.avail_out == count) {
    stream_.next_in = reinterpret_cast<Bytef*>(bytes_.data()) + position_;
    stream_.avail_in = static_cast<uInt>(std::min(bytes_.size() - position_, at_once));
    const uInt given = stream_.avail_in;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    position_ += given - stream_.avail_in;
    stream_.avail_in = 0;
    if (status == Z_BUF_ERROR) fail("the gzip file is cut off");
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_STREAM_END) {
      ended_ = !starts_member(bytes_, position_);
      if (!ended_ && inflateReset(&stream_) != Z_OK) fail("the gzip file is damaged");
    } else if (status != Z_OK) {
      fail(std::string("the gzip file is damaged: ") + (stream_.msg != nullptr ? stream_.msg : "not a gzip stream"));
    }
  }
  return count - stream_.avail_out;
}

}  // namespace signsym

// Files that the driver writes. What the system refuses is thrown as a Failure that says what to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace driver {

// A file that grows at its end, closed with its scope.
class GrowingFile {
 public:
  enum class Begin { empty, as_it_is };
  GrowingFile(std::filesystem::path path, Begin begin);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  int64_t size() const { return size_; }
  void append(const void* data, size_t size);
  void clear();
  void flush();  // to the disk

 private:
  std::filesystem::path path_;
  int descriptor_;
  int64_t size_;
};

// The folder, made if it is not there, for one process at a time.
class LockedFolder {
 public:
  explicit LockedFolder(const std::filesystem::path& folder);
  ~LockedFolder();
  LockedFolder(const LockedFolder&) = delete;
  LockedFolder& operator=(const LockedFolder&) = delete;

  void flush();  // so that a power cut does not undo a rename

 private:
  std::filesystem::path folder_;
  int descriptor_;
};

// A file is there whole or as it was: path.part is written, flushed and renamed. Where the path is something else (a pipe,
// a terminal, a device) the bytes go into it.
void write_whole(const std::filesystem::path& path, std::string_view bytes);

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

// -1 where there is no such file.
int64_t size_of_file(const std::filesystem::path& path);

}  // namespace driver

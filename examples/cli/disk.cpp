#include "disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "commands.h"

namespace driver {

namespace {

namespace fs = std::filesystem;

const char* advice(int error) {
  switch (error) {
    case ENOENT: return "create its folder, or correct the path";
    case EACCES:
    case EPERM:
    case EROFS: return "change its permissions, or choose another folder";
    case ENOSPC:
    case EDQUOT: return "free some space, or choose a folder on another disk";
    case EFBIG: return "raise the limit of file sizes (ulimit -f), or choose another disk";
    case EISDIR: return "a file is expected here";
    case EIO: return "check the disk";
    default: return "";
  }
}

[[noreturn]] void refuse(const char* action, const fs::path& path, int error) {
  std::string message = path.string() + ": cannot " + action + ": " + std::generic_category().message(error);
  if (const char* what_to_do = advice(error); *what_to_do) message += std::string(": ") + what_to_do;
  throw Failure(exit_file, message);
}

int open_or_refuse(const fs::path& path, int flags, const char* action) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) refuse(action, path, errno);
  return descriptor;
}

void flush_or_refuse(int descriptor, const fs::path& path) {
  while (::fsync(descriptor) != 0) {
    if (errno == EINVAL) return;  // some network file systems cannot
    if (errno != EINTR) refuse("write", path, errno);
  }
}

}  // namespace

GrowingFile::GrowingFile(fs::path path, Begin begin)
    : path_(std::move(path)),
      descriptor_(open_or_refuse(path_, O_WRONLY | O_CREAT | O_APPEND | (begin == Begin::empty ? O_TRUNC : 0), "write")),
      size_(size_of_file(path_)) {}

GrowingFile::~GrowingFile() { ::close(descriptor_); }

void GrowingFile::append(const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, at, size);
    if (written < 0 && errno != EINTR) refuse("write", path_, errno);
    if (written <= 0) continue;
    at += written;
    size -= static_cast<size_t>(written);
    size_ += written;
  }
}

void GrowingFile::clear() {
  if (::ftruncate(descriptor_, 0) != 0) refuse("write", path_, errno);
  size_ = 0;
}

void GrowingFile::flush() { flush_or_refuse(descriptor_, path_); }

LockedFolder::LockedFolder(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse("make the folder", folder, error.value());
  descriptor_ = open_or_refuse(folder, O_RDONLY | O_DIRECTORY, "open the folder");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor_);
    throw Failure(exit_file, folder.string() + ": another `signsym data get` is at work in this folder: let it finish");
  }
}

LockedFolder::~LockedFolder() { ::close(descriptor_); }

void LockedFolder::flush() { flush_or_refuse(descriptor_, folder_); }

void write_whole(const fs::path& path, std::string_view bytes) {
  std::error_code ignored;
  const fs::file_status found = fs::status(path, ignored);
  if (fs::exists(found) && !fs::is_regular_file(found)) {
    GrowingFile(path, GrowingFile::Begin::as_it_is).append(bytes.data(), bytes.size());
    return;
  }
  fs::path target = fs::canonical(path, ignored);  // what a link leads to, so that the link stays
  if (target.empty()) target = path;
  fs::path part = target;
  part += ".part";
  GrowingFile file(part, GrowingFile::Begin::empty);
  try {
    file.append(bytes.data(), bytes.size());
    file.flush();
    rename_file(part, target);
  } catch (...) {
    fs::remove(part, ignored);
    throw;
  }
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) refuse("write", to, errno);
}

int64_t size_of_file(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) ? static_cast<int64_t>(status.st_size) : -1;
}

}  // namespace driver

#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/process.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

const char* advice(int error, bool reading) {
  switch (error) {
    case ENOENT: return reading ? "correct the path" : "create its folder, or correct the path";
    case EACCES:
    case EPERM:
    case EROFS: return "change its permissions, or choose another folder";
    case ENOSPC:
    case EDQUOT: return "free some space, or choose a folder on another disk";
    case EFBIG: return "raise the limit of file sizes (ulimit -f), or choose another disk";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    case EISDIR: return "a file is expected here";
    case EIO: return "check the disk";
    default: return "";
  }
}

[[noreturn]] void fail(const char* action, const fs::path& path, int error) {
  throw Error(error == ENOENT ? Status::not_found : Status::io,
              path.string() + ": cannot " + action + ": " + in_words(error, action == std::string_view("read")));
}

// An open file, closed with its scope.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const char* action) {
    do fd_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0) fail(action, path, errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return fd_; }

 private:
  int fd_;
};

// errno, or 0 when all is written.
int write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) data.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

int flush(int fd) {
  while (::fsync(fd) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

// Without this a power cut may undo the rename. Some network file systems cannot, and say EINVAL.
void flush_folder_of(const fs::path& path) {
  fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  Descriptor file(folder, O_RDONLY | O_DIRECTORY, "open the folder");
  if (int error = flush(*file); error != 0 && error != EINVAL) fail("flush the folder", folder, error);
}

// Is it still the file of this name? Another writer may have renamed or removed it.
bool is_named(int fd, const fs::path& path) {
  struct stat open{}, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

// For one writer at a time, on a file system that has locks: another waits, and then makes a new one.
std::unique_ptr<Descriptor> open_part(const fs::path& part) {
  using namespace std::chrono;
  const steady_clock::time_point end = steady_clock::now() + seconds(10);
  for (int tries = 0;; ++tries) {
    auto file = std::make_unique<Descriptor>(part, O_WRONLY | O_CREAT, "write");
    while (::flock(**file, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
      check_process();
      if (steady_clock::now() > end)
        throw Error(Status::busy, part.string() + ": another writer has it for ten seconds: wait for it, or end it");
      std::this_thread::sleep_for(milliseconds(5));
    }
    if (!is_named(**file, part) && tries < 1000) continue;  // some file systems number no files
    if (::ftruncate(**file, 0) != 0) fail("write", part, errno);
    return file;
  }
}

off_t size_of(int fd, const fs::path& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) fail("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR);
  return status.st_size;
}

}  // namespace

std::string in_words(int error, bool reading) {
  const std::string said = std::generic_category().message(error), what_to_do = advice(error, reading);
  return what_to_do.empty() ? said : said + ": " + what_to_do;
}

std::string read_file(const fs::path& path) {
  Descriptor file(path, O_RDONLY, "read");
  // The size is a hint: a pipe has none, and one byte more sees the end without a second allocation.
  std::string bytes(static_cast<size_t>(size_of(*file, path)) + 1, '\0');
  size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) bytes.resize(2 * bytes.size());
    ssize_t got = ::read(*file, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void write_file(const fs::path& path, const std::vector<std::string_view>& parts) {
  fs::path part = path;
  part += ".part";
  int error = 0;
  {
    const auto file = open_part(part);
    for (size_t i = 0; i < parts.size() && error == 0; ++i) error = write_all(**file, parts[i]);
    if (error == 0) error = flush(**file);
    if (error == 0 && ::rename(part.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) ::unlink(part.c_str());
  }
  if (error != 0) fail("write", path, error);
  flush_folder_of(path);
}

}  // namespace signsym

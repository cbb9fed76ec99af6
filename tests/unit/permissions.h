// Access that is refused, even where the tests run as root.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

// While it lives `path` has this mode (0: nobody may read or enter it; 0555: nobody may write there), and the process is
// not root.
class Forbidden {
 public:
  explicit Forbidden(const std::filesystem::path& path, mode_t mode = 0) : path_(path), user_(::geteuid()) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    mode_ = status.st_mode & 07777;
    ::chmod(path.parent_path().c_str(), 0755);
    ::chmod(path.c_str(), mode);
    if (user_ == 0) refused_ = ::seteuid(65534) != 0;
  }
  ~Forbidden() {
    if (user_ == 0 && ::seteuid(0) != 0) refused_ = true;
    ::chmod(path_.c_str(), mode_);
  }
  Forbidden(const Forbidden&) = delete;
  Forbidden& operator=(const Forbidden&) = delete;

  bool works() const { return !refused_ && ::faccessat(AT_FDCWD, path_.c_str(), W_OK, AT_EACCESS) != 0; }

 private:
  std::filesystem::path path_;
  uid_t user_;
  mode_t mode_;
  bool refused_ = false;
};

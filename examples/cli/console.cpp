#include "console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "commands.h"
#include "text.h"

namespace driver {

namespace {

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && term && *term && std::strcmp(term, "dumb") != 0;
}

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return !(no_color && *no_color);
}

int width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Console::Console() : live_(is_terminal()), coloured_(live_ && wants_colour()) {}

int Console::room() const { return std::max(width() - 3, 1); }

std::string Console::colour(const std::string& code, const std::string& text) const {
  return coloured_ && !text.empty() ? "\x1b[" + code + "m" + text + "\x1b[0m" : text;
}

std::string Console::bar(double fraction, int width) const {
  const auto [done, rest] = bar_parts(fraction, width);
  return colour("36", done) + (coloured_ ? colour("2", rest) : std::string(static_cast<size_t>(columns(rest)), ' '));
}

void Console::redraw(const std::string& text) {
  if (!live_) return;
  std::lock_guard lock(mutex_);
  const std::string shown = cut(text, room());
  if (drawn_ == 0) put("\r\x1b[J");  // what the terminal itself wrote, as ^C
  wipe();
  put(shown);
  drawn_ = columns(shown);
}

void Console::line(const std::string& text) {
  std::lock_guard lock(mutex_);
  wipe();
  put(text + "\n");
}

void Console::warn(const std::string& text) {
  std::lock_guard lock(mutex_);
  wipe();
  const std::string bytes = text + "\n";
  if (write(STDERR_FILENO, bytes.data(), bytes.size()) < 0) return;
}

void Console::keep() {
  std::lock_guard lock(mutex_);
  if (drawn_ > 0) put("\n");
  drawn_ = 0;
}

int Console::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

// A terminal that became narrower has broken the line into several rows: all of them go.
void Console::wipe() {
  if (drawn_ == 0) return;
  const int rows_above = (drawn_ - 1) / width();
  put("\r" + (rows_above > 0 ? "\x1b[" + std::to_string(rows_above) + "A" : std::string()) + "\x1b[J");
  drawn_ = 0;
}

void Console::put(const std::string& bytes) {
  for (size_t done = 0; done < bytes.size() && error_ == 0;) {
    const ssize_t n = write(STDOUT_FILENO, bytes.data() + done, bytes.size() - done);
    if (n >= 0) done += static_cast<size_t>(n);
    else if (errno != EINTR) error_ = errno;
  }
}

int closed_stdout(int error) {
  if (error == EPIPE || error == EIO) return 128 + SIGPIPE;
  std::fprintf(stderr, "signsym: standard output: %s\n", std::strerror(error));
  return exit_file;
}

}  // namespace driver

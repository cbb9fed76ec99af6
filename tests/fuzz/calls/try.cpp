#include <cstdio>
#include <cstring>
#include <map>

#include "call.h"

Tally tally;

namespace {

struct Count {
  uint64_t calls = 0, with_status = 0, successes = 0;
};

std::map<std::string, Count>& counts() {
  static std::map<std::string, Count> counts;
  return counts;
}

// As RFC 3629 has it.
bool is_utf8(const char* text) {
  for (const auto* c = reinterpret_cast<const unsigned char*>(text); *c;) {
    const int more = *c < 0x80 ? 0 : *c < 0xC2 ? -1 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : *c < 0xF5 ? 3 : -1;
    if (more < 0 || (*c == 0xE0 && c[1] < 0xA0) || (*c == 0xED && c[1] > 0x9F) || (*c == 0xF0 && c[1] < 0x90) ||
        (*c == 0xF4 && c[1] > 0x8F))
      return false;
    for (int i = 0; i < more; ++i)
      if ((*++c & 0xC0) != 0x80) return false;
    ++c;
  }
  return true;
}

}  // namespace

void count_call(const char* name) {
  ++tally.calls;
  ++counts()[name].calls;
}

std::vector<std::string> never_succeeded() {
  std::vector<std::string> names;
  for (const Call& call : all_calls()) {
    const Count& count = counts()[call.name];
    if (count.calls == 0 || (count.with_status > 0 && count.successes == 0)) names.push_back(call.name);
  }
  return names;
}

void check_text(World& world, const char* text) {
  world.expect(text != nullptr, "a text is NULL");
  world.expect(is_utf8(text), "a text is not UTF-8");
}

void Try::done(signsym_status status) {
  World& w = world_;
  if (w.verbose) std::printf("%*s  %s%s\n", 2 * w.depth, "", signsym_status_name(status), wrong_handle_ ? ", wrong handle" : "");
  w.expect(status >= SIGNSYM_OK && status <= SIGNSYM_INTERNAL, "the status is none");
  ++tally.by_status[status];
  ++counts()[w.call].with_status;
  if (status == SIGNSYM_INTERNAL) w.fail(std::string("a fault of the library: ") + (with_error_ ? signsym_error_message(error_) : "?"));
  if (wrong_handle_)
    w.expect(status == SIGNSYM_INVALID_HANDLE || status == SIGNSYM_INVALID_ARGUMENT || status == SIGNSYM_BUSY,
             "a wrong handle was not noticed");
  if (must_fail_) w.expect(status != SIGNSYM_OK, "a wrong argument was not noticed");
  if (!wrong_handle_) w.expect(status != SIGNSYM_INVALID_HANDLE, "a right handle was refused");

  const bool ok = status == SIGNSYM_OK;
  const auto is_untouched = [](const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) == untouched; };
  if (ok) {
    ++counts()[w.call].successes;
    w.expect(is_untouched(error_), "*error was touched by a success");
    if (keep_) {
      w.expect(!is_untouched(out_) && out_ && !w.lives(out_), "*out is no new object");
      keep_(w, out_);
    }
  } else {
    w.expect(is_untouched(out_), "*out was touched by a failure");
    for (const double real : reals_) w.expect(real == no_number, "a number out was touched by a failure");
    w.expect(number_ == -12345, "a number out was touched by a failure");
  }
  if (given_) w.expect(given_->destroys == (ok ? 0 : 1), "destroy was not called exactly once");
  if (!ok && with_error_) {
    w.expect(!is_untouched(error_) && error_ && !w.lives(error_), "*error is no new object");
    w.expect(signsym_error_status(error_) == status, "the error has another status");
    w.expect(*signsym_error_message(error_) != '\0', "the error has no message");
    check_text(w, signsym_error_message(error_));
    check_text(w, signsym_error_field(error_));
    w.pool<signsym_error>().live.push_back(error_);
    if (w.pool<signsym_error>().live.size() > 8) {
      signsym_error* const oldest = w.pool<signsym_error>().live.front();
      signsym_error_free(oldest);
      w.pool<signsym_error>().end(oldest);
    }
  }
}

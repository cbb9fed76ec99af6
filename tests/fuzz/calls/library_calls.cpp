// Library, errors, bytes and cancel tokens.
#include <cstring>

#include "call.h"

namespace {

using std::strlen;

void read_bytes(World& w, const char* data, uint64_t size) {
  w.expect(data && data[size] == '\0', "bytes do not end with a NUL");
  unsigned sum = 0;
  for (uint64_t i = 0; i < size; ++i) sum += static_cast<unsigned char>(data[i]);
  w.expect(sum != UINT32_MAX, "");  // each was read
}

}  // namespace

void add_library_calls(Calls& calls) {
  const Calls mine = {
      {"signsym_version", 1, [](World& w) { w.expect(strlen(signsym_version()) >= 5, "no version"); }},
      {"signsym_abi_version", 1, [](World& w) { w.expect(signsym_abi_version() >= 0, "no version"); }},
      {"signsym_build_info", 1,
       [](World& w) {
         Try t(w);
         const auto format = w.choice(SIGNSYM_BINARY);
         const auto out = t.out<signsym_bytes>();
         t.done(signsym_build_info(format, out, t.error()));
       }},

      {"signsym_error_status", 3,
       [](World& w) {
         const auto error = w.pick<signsym_error>();
         const signsym_status status = signsym_error_status(error.handle);
         if (!error.handle) w.expect(status == SIGNSYM_OK, "the status of no error is not OK");
         else if (!error.valid) w.expect(status == SIGNSYM_INVALID_HANDLE, "a wrong handle was not noticed");
         else w.expect(*signsym_status_name(status), "an error without a status");
       }},
      {"signsym_error_message", 3,
       [](World& w) {
         const auto error = w.pick<signsym_error>();
         const char* text = signsym_error_message(error.handle);
         check_text(w, text);
         w.expect((*text != '\0') == error.valid, "an error's message");
       }},
      {"signsym_error_field", 3,
       [](World& w) {
         const auto error = w.pick<signsym_error>();
         const char* text = signsym_error_field(error.handle);
         check_text(w, text);
         if (!error.valid) w.expect(!*text, "the field of a wrong handle");
       }},
      {"signsym_status_name", 1,
       [](World& w) {
         const int32_t status = w.choice(SIGNSYM_INTERNAL);
         const bool known = status >= 0 && status <= SIGNSYM_INTERNAL;
         w.expect((*signsym_status_name(status) != '\0') == known, "a name of no status");
       }},
      {"signsym_error_free", 4,
       [](World& w) {
         const auto error = w.pick<signsym_error>();
         signsym_error_free(error.handle);
         if (error.valid) w.pool<signsym_error>().end(error.handle);
       }},

      {"signsym_bytes_data", 3,
       [](World& w) {
         const auto bytes = w.pick<signsym_bytes>();
         const char* data = signsym_bytes_data(bytes.handle);
         w.expect((data != nullptr) == bytes.valid, "the data of bytes");
         if (data) read_bytes(w, data, signsym_bytes_size(bytes.handle));
       }},
      {"signsym_bytes_size", 2,
       [](World& w) {
         const auto bytes = w.pick<signsym_bytes>();
         const uint64_t size = signsym_bytes_size(bytes.handle);
         if (!bytes.valid) w.expect(size == 0, "the size of a wrong handle");
       }},
      {"signsym_bytes_free", 3,
       [](World& w) {
         const auto bytes = w.pick<signsym_bytes>();
         signsym_bytes_free(bytes.handle);
         if (bytes.valid) w.pool<signsym_bytes>().end(bytes.handle);
       }},

      {"signsym_cancel_create", 2,
       [](World& w) {
         Try t(w);
         const auto out = t.out<signsym_cancel>();
         t.done(signsym_cancel_create(out, t.error()));
       }},
      {"signsym_cancel_set", 2,
       [](World& w) {
         const auto cancel = w.pick<signsym_cancel>();
         signsym_cancel_set(cancel.handle);
         w.expect(signsym_cancel_is_set(cancel.handle) == cancel.valid, "a token that was set is not");
       }},
      {"signsym_cancel_is_set", 2,
       [](World& w) {
         const auto cancel = w.pick<signsym_cancel>();
         const int32_t set = signsym_cancel_is_set(cancel.handle);
         w.expect(set == 0 || (set == 1 && cancel.valid), "a token that is set");
       }},
      {"signsym_cancel_free", 2,
       [](World& w) {
         const auto cancel = w.pick<signsym_cancel>();
         signsym_cancel_free(cancel.handle);
         if (cancel.valid) w.pool<signsym_cancel>().end(cancel.handle);
       }},
  };
  calls.insert(calls.end(), mine.begin(), mine.end());
}

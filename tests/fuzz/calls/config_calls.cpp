#include "call.h"

namespace {

// As a person may have damaged it: cut off, or with a byte that is another.
std::string damaged(std::string text, Random& random) {
  if (text.empty()) return text;
  if (random.once_in(2)) text.resize(random.below(text.size()));
  else text[random.below(text.size())] = static_cast<char>(random.next());
  return text;
}

}  // namespace

void add_config_calls(Calls& calls) {
  const Calls mine = {
      {"signsym_config_create", 8,
       [](World& w) {
         Try t(w);
         std::string text = w.random.once_in(8) ? w.text() : w.config_text();
         if (w.random.once_in(4)) text = damaged(text, w.random);
         const signsym_format format = w.random.once_in(2) ? signsym_format{SIGNSYM_TEXT} : w.choice(SIGNSYM_BINARY);
         uint64_t size = text.size();
         if (w.random.once_in(8)) size = w.random.one_of<uint64_t>({0, SIGNSYM_TEXT_LENGTH, UINT64_MAX - 1, uint64_t{1} << 63});
         const std::string source = w.text();
         const char* const data = size > 0 ? t.text(text) : w.random.once_in(2) ? nullptr : text.c_str();
         const char* const name = w.random.once_in(2) ? nullptr : source.c_str();
         if (size > text.size() && size != SIGNSYM_TEXT_LENGTH) t.must_fail();
         const auto out = t.out<signsym_config>();
         t.done(signsym_config_create(data, size, format, name, out, t.error()));
       }},
      {"signsym_config_create_from_file", 3,
       [](World& w) {
         Try t(w);
         const std::string path = w.input();
         const auto out = t.out<signsym_config>();
         t.done(signsym_config_create_from_file(t.text(path), out, t.error()));
       }},
      {"signsym_config_create_from_run", 2,
       [](World& w) {
         Try t(w);
         const std::string folder = w.input();
         const auto out = t.out<signsym_config>();
         t.done(signsym_config_create_from_run(t.text(folder), out, t.error()));
       }},
      {"signsym_config_set", 10,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const std::string field = w.field(), value = w.value();
         const char* const path = t.text(field);
         t.done(signsym_config_set(config, path, t.text(value), t.error()));
       }},
      {"signsym_config_copy", 3,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto out = t.out<signsym_config>();
         t.done(signsym_config_copy(config, out, t.error()));
       }},
      {"signsym_config_check", 4,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         t.done(signsym_config_check(config, t.error()));
       }},
      {"signsym_config_resolve", 3,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto out = t.out<signsym_config>();
         t.done(signsym_config_resolve(config, out, t.error()));
       }},
      {"signsym_config_write", 3,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto format = w.choice(SIGNSYM_BINARY);
         const auto out = t.out<signsym_bytes>();
         t.done(signsym_config_write(config, format, out, t.error()));
       }},
      {"signsym_config_hash", 3,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto out = t.out<signsym_bytes>();
         t.done(signsym_config_hash(config, out, t.error()));
       }},
      {"signsym_config_free", 6,
       [](World& w) {
         const auto config = w.pick<signsym_config>();
         signsym_config_free(config.handle);
         if (config.valid) w.pool<signsym_config>().end(config.handle);
       }},
  };
  calls.insert(calls.end(), mine.begin(), mine.end());
}

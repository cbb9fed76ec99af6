#include "base/utf8.h"

#include <gtest/gtest.h>

namespace signsym {
namespace {

TEST(Utf8, That_is_valid_stays_as_it_is) {
  for (const char* text : {"", "plain", "é ¿", "‖B‖/‖W‖ ≥ 1", "\U0001F600", "\x7F", "\xC2\x80", "\xDF\xBF",
                           "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(as_utf8(text), text);
  EXPECT_EQ(as_utf8({"a\0b", 3}), std::string("a\0b", 3));
}

TEST(Utf8, Shows_each_byte_of_no_character_as_its_number) {
  const std::pair<const char*, const char*> cases[] = {
      {"a\xFF" "b", "a\\xFFb"},
      {"\x80", "\\x80"},                                    // a continuation without a beginning
      {"\xC3", "\\xC3"},                                    // cut off
      {"\xE2\x82", "\\xE2\\x82"},
      {"\xF0\x9F\x98", "\\xF0\\x9F\\x98"},
      {"\xC3(", "\\xC3("},
      {"\xE2\x82(", "\\xE2\\x82("},
      {"\xF0\x9F\x98(", "\\xF0\\x9F\\x98("},
      {"\xC0\xAF", "\\xC0\\xAF"},                           // overlong
      {"\xC1\xBF", "\\xC1\\xBF"},
      {"\xE0\x9F\xBF", "\\xE0\\x9F\\xBF"},
      {"\xF0\x8F\xBF\xBF", "\\xF0\\x8F\\xBF\\xBF"},
      {"\xED\xA0\x80", "\\xED\\xA0\\x80"},                  // a surrogate
      {"\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},         // beyond U+10FFFF
      {"\xF5\x80\x80\x80", "\\xF5\\x80\\x80\\x80"},
      {"é\xFFé", "é\\xFFé"},
      {"\xC3\xC3\xA9", "\\xC3é"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(as_utf8(text), shown);
}

}  // namespace
}  // namespace signsym

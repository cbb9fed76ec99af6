// Numbers as people read them; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace driver {

std::string fixed(double value, int digits);  // 1.412; "–" if it is not finite
std::string percent(double value);            // 55.1 %
std::string thousands(int64_t value);         // 78,042
std::string rate(double per_second);          // 1,240 or 95 or 3.2: three digits or more
std::string duration(double seconds);         // 4:44, 1:02:03

// The two parts of a bar of so many columns: ━━━━━━━━━╸ and what is left of it, ━━━━━━━━━━.
std::pair<std::string, std::string> bar_parts(double fraction, int width);

// Columns that UTF-8 text takes, escape codes not counted (each code point one column).
int columns(const std::string& text);
// The first `limit` columns of it; escape codes stay whole.
std::string cut(const std::string& text, int limit);

// As a shell takes it for one word.
std::string shell_word(const std::string& word);

// Wilson's 95 % interval, in percent, of an accuracy in percent over `samples`.
std::pair<double, double> wilson(double accuracy, int64_t samples);
// "55.1 % (95 % interval 52.9 to 57.3 %)"
std::string accuracy(double percent, int64_t samples);

}  // namespace driver

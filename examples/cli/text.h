// Numbers as people read them; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace driver {

std::string fixed(double value, int digits);  // 1.412; "–" if it is not finite
std::string percent(double value);            // 55.1 %
std::string thousands(int64_t value);         // 78,042
std::string duration(double seconds);         // 4:44, 1:02:03
std::string bar(double fraction, int width);  // ━━━━━━━━━╸ and blanks, `width` columns
// Columns that UTF-8 text takes, escape codes not counted (each code point one column).
int columns(const std::string& text);
// The first `limit` columns of it; escape codes stay whole.
std::string cut(const std::string& text, int limit);

// Wilson's 95 % interval, in percent, of an accuracy in percent over `samples`.
std::pair<double, double> wilson(double accuracy, int64_t samples);

}  // namespace driver

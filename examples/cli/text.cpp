#include "text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace driver {

namespace {

// Bytes of the escape code (ESC [ … letter) at text[i], or of the code point there.
size_t unit(const std::string& text, size_t i, bool* escape) {
  size_t end = i + 1;
  *escape = text[i] == '\x1b';
  if (*escape) {
    if (end < text.size() && text[end] == '[') ++end;
    while (end < text.size() && !std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
    return std::min(end + 1, text.size()) - i;
  }
  while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
  return end - i;
}

}  // namespace

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, std::fabs(value) < 1e9 ? "%.*f" : "%.*e", digits, value);
  return buffer;
}

std::string percent(double value) { return fixed(value, 1) + " %"; }

std::string thousands(int64_t value) {
  std::string digits = std::to_string(value);
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3; i > (value < 0); i -= 3) digits.insert(i, ",");
  return digits;
}

std::string rate(double per_second) {
  return per_second >= 9.95 ? thousands(std::llround(std::min(per_second, 1e15))) : fixed(per_second, 1);
}

std::string duration(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "–";
  const auto s = static_cast<int64_t>(std::llround(seconds));
  char buffer[64];
  if (s < 3600) {
    std::snprintf(buffer, sizeof buffer, "%d:%02d", static_cast<int>(s / 60), static_cast<int>(s % 60));
  } else {
    std::snprintf(buffer, sizeof buffer, "%lld:%02d:%02d", static_cast<long long>(s / 3600),
                  static_cast<int>(s / 60 % 60), static_cast<int>(s % 60));
  }
  return buffer;
}

std::pair<std::string, std::string> bar_parts(double fraction, int width) {
  const int halves = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 2 * width);
  std::pair<std::string, std::string> parts;
  for (int i = 0; i < halves / 2; ++i) parts.first += "━";
  if (halves % 2) parts.first += "╸";
  for (int i = (halves + 1) / 2; i < width; ++i) parts.second += "━";
  return parts;
}

int columns(const std::string& text) {
  int count = 0;
  bool escape = false;
  for (size_t i = 0; i < text.size();) {
    i += unit(text, i, &escape);
    if (!escape) ++count;
  }
  return count;
}

std::string cut(const std::string& text, int limit) {
  std::string out;
  bool escape = false;
  for (size_t i = 0; i < text.size();) {
    const size_t size = unit(text, i, &escape);
    if (escape || --limit >= 0) out.append(text, i, size);
    i += size;
  }
  return out;
}

std::string shell_word(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 || std::strchr("_-./,:+@%", c);
  });
  if (plain && !word.empty()) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::pair<double, double> wilson(double accuracy, int64_t samples) {
  constexpr double z = 1.959963984540054;
  const double n = static_cast<double>(samples), p = accuracy / 100;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {100 * std::max(0.0, centre - half), 100 * std::min(1.0, centre + half)};
}

std::string accuracy(double value, int64_t samples) {
  if (!std::isfinite(value) || samples <= 0) return percent(value);
  const auto [low, high] = wilson(value, samples);
  return percent(value) + " (95 % interval " + fixed(low, 1) + " to " + percent(high) + ")";
}

}  // namespace driver

// Names by pattern: * stands for any characters (dots too), ? for one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signsym {

// The whole name: "layer1.*" matches all below layer1.
bool matches(std::string_view pattern, std::string_view name);
bool matches_any(const std::vector<std::string>& patterns, std::string_view name);

// "conv1.weight, conv1.bias": for errors.
std::string listed(const std::vector<std::string>& names);

}  // namespace signsym

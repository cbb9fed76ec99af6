// SHA-256 (FIPS 180-4). Our own: a libcrypto in the library could meet another version in the host's process.
#pragma once

#include <string>
#include <string_view>

namespace signsym {

// 64 hex digits.
std::string sha256(std::string_view bytes);

}  // namespace signsym

// Text from elsewhere as UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace signsym {

// The text, with each byte that belongs to no UTF-8 character (RFC 3629) as \xNN. Valid UTF-8 stays as it is.
std::string as_utf8(std::string_view text);

}  // namespace signsym

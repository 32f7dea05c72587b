// An address as text, without a string.
#pragma once

#include <cstddef>

#include "analyzer/decode/address.h"

namespace tcpautopsy {

// What to_string() returns, into kLongestAddress octets; where it ends.
constexpr std::size_t kLongestAddress = 39;
char* write_address(char* to, const IpAddress& address);

}  // namespace tcpautopsy

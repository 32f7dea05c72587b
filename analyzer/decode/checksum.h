// The Internet checksum (RFC 1071).
#pragma once

#include <cstdint>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::decode {

// The sum of 16-bit words in one's complement, an odd octet padded with zero, in the machine's own byte order
// (RFC 1071 2 B: the order of octets does not change the sum but for its own order). Not complemented.
std::uint16_t ones_complement_sum(Bytes bytes);

inline std::uint16_t fold(std::uint64_t sum) {
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace tcpautopsy::decode

// The Internet checksum (RFC 1071).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::decode {

// Sums are of words of any width in one's complement, in the machine's own byte order and not complemented:
// the order of octets does not change the sum but for its own order (RFC 1071 2 B), and wide sums fold to
// narrow ones (2 C).

inline std::uint64_t load_word(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The carry comes back in below.
inline std::uint64_t add_ones_complement(std::uint64_t sum, std::uint64_t word) {
  sum += word;
  return sum + (sum < word ? 1U : 0U);
}

// An odd octet at the end counts as if zero followed.
std::uint64_t ones_complement_sum(Bytes bytes);

// To the 16 bits of the checksum field: adding the halves crosswise leaves their sum, with its carry, in the
// upper one.
inline std::uint16_t fold(std::uint64_t sum) {
  sum += std::rotr(sum, 32);
  auto half = static_cast<std::uint32_t>(sum >> 32);
  half += std::rotr(half, 16);
  return static_cast<std::uint16_t>(half >> 16);
}

}  // namespace tcpautopsy::decode

// Whole numbers in decimal, many digits at a time: a flow's line has hundreds.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace tcpautopsy {

constexpr std::uint32_t kEightDigits = 100'000'000;

// The eight digits of a number below kEightDigits, each an octet, the first in the lowest.
inline std::uint64_t eight_digits(std::uint32_t number) {
  // Halves of four digits, quarters of two, then the digits: each time all parts are divided at once, by
  // multiplication with a reciprocal that is exact in their range.
  const std::uint64_t halves = number / 10000 | std::uint64_t{number % 10000} << 32;
  const std::uint64_t hundreds = (halves * 10486) >> 20 & 0x0000'007f'0000'007f;
  const std::uint64_t quarters = hundreds | (halves - hundreds * 100) << 16;
  const std::uint64_t tens = (quarters * 103) >> 10 & 0x000f'000f'000f'000f;
  return tens | (quarters - tens * 10) << 8;
}

// All eight digits of a number below kEightDigits.
inline void write_eight_digits(char* to, std::uint32_t number) {
  std::uint64_t digits = eight_digits(number) | 0x3030'3030'3030'3030;  // '0'
  if constexpr (std::endian::native == std::endian::big) digits = __builtin_bswap64(digits);
  std::memcpy(to, &digits, sizeof digits);
}

// A number below 100 in two digits.
inline void write_two_digits(char* to, unsigned number) {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
}

// Returns where it ends, at most 20 octets on.
char* write_decimal(char* to, std::uint64_t number);

}  // namespace tcpautopsy

#include "analyzer/report/text/decimal.h"

#include <array>

namespace tcpautopsy {
namespace {

// "00" to "99".
constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

char* write_pair(char* to, std::uint32_t number) {
  std::memcpy(to, &kPairs[std::size_t{2} * number], 2);
  return to + 2;
}

char* write_up_to_two(char* to, std::uint32_t number) {
  if (number >= 10) return write_pair(to, number);
  *to = static_cast<char>('0' + number);
  return to + 1;
}

char* write_up_to_four(char* to, std::uint32_t number) {
  if (number < 100) return write_up_to_two(to, number);
  return write_pair(write_up_to_two(to, number / 100), number % 100);
}

char* write_up_to_eight(char* to, std::uint32_t number) {
  if (number < 10000) return write_up_to_four(to, number);
  to = write_up_to_four(to, number / 10000);
  number %= 10000;
  return write_pair(write_pair(to, number / 100), number % 100);
}

char* write_eight(char* to, std::uint64_t number) {
  write_eight_digits(to, static_cast<std::uint32_t>(number));
  return to + 8;
}

}  // namespace

char* write_decimal(char* to, std::uint64_t number) {
  if (number < kEightDigits) return write_up_to_eight(to, static_cast<std::uint32_t>(number));
  const std::uint64_t above = number / kEightDigits;
  if (above < kEightDigits) {
    to = write_up_to_eight(to, static_cast<std::uint32_t>(above));
  } else {
    to = write_up_to_eight(to, static_cast<std::uint32_t>(above / kEightDigits));
    to = write_eight(to, above % kEightDigits);
  }
  return write_eight(to, number % kEightDigits);
}

}  // namespace tcpautopsy

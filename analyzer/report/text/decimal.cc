#include "analyzer/report/text/decimal.h"

namespace tcpautopsy {
namespace {

// Without zeros in front.
char* write_leading(char* to, std::uint32_t number) {
  const std::uint64_t digits = eight_digits(number);
  const int zeros = std::countr_zero(digits | std::uint64_t{1} << 56) / 8;
  put_digits(to, digits >> (8 * zeros));
  return to + (8 - zeros);
}

char* write_eight(char* to, std::uint64_t number) {
  write_eight_digits(to, static_cast<std::uint32_t>(number));
  return to + 8;
}

}  // namespace

char* write_long_decimal(char* to, std::uint64_t number) {
  if (number < kEightDigits) return write_leading(to, static_cast<std::uint32_t>(number));
  const std::uint64_t above = number / kEightDigits;
  if (above < kEightDigits) {
    to = write_leading(to, static_cast<std::uint32_t>(above));
  } else {
    to = write_leading(to, static_cast<std::uint32_t>(above / kEightDigits));
    to = write_eight(to, above % kEightDigits);
  }
  return write_eight(to, number % kEightDigits);
}

}  // namespace tcpautopsy

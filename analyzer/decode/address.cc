#include "analyzer/decode/address.h"

#include <charconv>
#include <cstddef>

namespace tcpautopsy {
namespace {

void append_number(std::string& text, unsigned value, int base) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  text.append(digits.data(), end);
}

struct Run {
  std::size_t first = 8, length = 0;
};

// RFC 5952 4.2.2 and 4.2.3: "::" stands for the longest run of two or more zero groups, the first of equals.
Run longest_zero_run(const std::array<unsigned, 8>& groups) {
  Run best, current;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != 0) {
      current = {};
      continue;
    }
    if (current.length == 0) current.first = i;
    if (++current.length > best.length) best = current;
  }
  return best.length >= 2 ? best : Run{};
}

std::string dotted_quad(const IpAddress& address) {
  std::string text;
  for (std::size_t i = 12; i < 16; ++i) {
    if (i > 12) text += '.';
    append_number(text, address.octets[i], 10);
  }
  return text;
}

}  // namespace

std::string to_string(const IpAddress& address) {
  if (address.is_v4()) return dotted_quad(address);
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<unsigned>(address.octets[2 * i] << 8) | address.octets[2 * i + 1];
  }
  const Run zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == zeros.first) {
      text += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    append_number(text, groups[i], 16);
  }
  return text;
}

}  // namespace tcpautopsy

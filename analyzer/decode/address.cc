#include "analyzer/decode/address.h"

#include <charconv>
#include <cstddef>

#include "analyzer/decode/address_text.h"

namespace tcpautopsy {
namespace {

char* write_octet(char* to, unsigned octet) {
  if (octet >= 100) {
    *to++ = static_cast<char>('0' + octet / 100);
    octet %= 100;
    *to++ = static_cast<char>('0' + octet / 10);
  } else if (octet >= 10) {
    *to++ = static_cast<char>('0' + octet / 10);
  }
  *to++ = static_cast<char>('0' + octet % 10);
  return to;
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

char* write_dotted_quad(char* to, const IpAddress& address) {
  to = write_octet(to, address.octets[12]);
  for (std::size_t i = 13; i < 16; ++i) {
    *to++ = '.';
    to = write_octet(to, address.octets[i]);
  }
  return to;
}

}  // namespace

char* write_address(char* to, const IpAddress& address) {
  if (address.is_v4()) return write_dotted_quad(to, address);
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<unsigned>(address.octets[2 * i] << 8) | address.octets[2 * i + 1];
  }
  const Run zeros = longest_zero_run(groups);
  bool apart = true;  // nothing before the next group needs a colon
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == zeros.first) {
      *to++ = ':';
      *to++ = ':';
      i += zeros.length - 1;
      apart = true;
      continue;
    }
    if (!apart) *to++ = ':';
    to = std::to_chars(to, to + 4, groups[i], 16).ptr;
    apart = false;
  }
  return to;
}

std::string to_string(const IpAddress& address) {
  std::array<char, kLongestAddress> text;
  return {text.data(), write_address(text.data(), address)};
}

}  // namespace tcpautopsy

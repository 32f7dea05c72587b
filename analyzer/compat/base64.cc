#include "analyzer/compat/base64.h"

#include <cstdint>

namespace tcpautopsy {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char* write_group(char* to, std::uint32_t group) {
  for (int shift = 18; shift >= 0; shift -= 6) *to++ = kDigits[group >> shift & 63];
  return to;
}

}  // namespace

char* write_base64(char* to, Bytes octets) {
  std::size_t i = 0;
  for (; i + 3 <= octets.size(); i += 3) {
    to = write_group(to, static_cast<std::uint32_t>(octets[i] << 16 | octets[i + 1] << 8 | octets[i + 2]));
  }
  const std::size_t left = octets.size() - i;
  if (left == 0) return to;
  to = write_group(to, static_cast<std::uint32_t>(octets[i] << 16 | (left == 2 ? octets[i + 1] << 8 : 0)));
  to[-1] = '=';
  if (left == 1) to[-2] = '=';
  return to;
}

std::string base64(Bytes octets) {
  std::string out(base64_size(octets.size()), '\0');
  write_base64(out.data(), octets);
  return out;
}

}  // namespace tcpautopsy

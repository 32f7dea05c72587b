#include "analyzer/compat/community_id.h"

#include <gcrypt.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "analyzer/compat/base64.h"
#include "analyzer/compat/gcrypt_start.h"

namespace tcpautopsy {

namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kSha1Size = 20;

using Sha1 = std::array<std::uint8_t, kSha1Size>;
// The longest: of IPv6.
using Octets = std::array<std::uint8_t, 2 + 16 + 16 + 2 + 2 + 2>;

std::uint8_t* put16(std::uint8_t* to, std::uint16_t value) {
  to[0] = static_cast<std::uint8_t>(value >> 8);
  to[1] = static_cast<std::uint8_t>(value & 0xff);
  return to + 2;
}

std::uint8_t* put_address(std::uint8_t* to, const IpAddress& ip, bool short_form) {
  return std::copy(ip.octets.begin() + (short_form ? 12 : 0), ip.octets.end(), to);
}

Sha1 sha1(Bytes octets) {
  if (!start_gcrypt()) throw std::runtime_error("libgcrypt does not start");
  Sha1 digest;
  gcry_md_hash_buffer(GCRY_MD_SHA1, digest.data(), octets.data(), octets.size());
  return digest;
}

// Numerically lower address first, then lower port, so that both directions have one name.
bool in_order(const EndpointAddress& a, const EndpointAddress& b) {
  const int order = std::memcmp(a.ip.octets.data(), b.ip.octets.data(), a.ip.octets.size());
  return order != 0 ? order < 0 : a.port <= b.port;
}

}  // namespace

char* write_community_id(char* to, const EndpointAddress& a, const EndpointAddress& b, std::uint16_t seed) {
  const bool forward = in_order(a, b);
  const auto& low = forward ? a : b;
  const auto& high = forward ? b : a;
  const bool short_form = a.ip.is_v4() && b.ip.is_v4();

  Octets octets;
  std::uint8_t* at = put16(octets.data(), seed);
  at = put_address(at, low.ip, short_form);
  at = put_address(at, high.ip, short_form);
  *at++ = kTcp;
  *at++ = 0;  // padding, by the specification
  at = put16(at, low.port);
  at = put16(at, high.port);
  *to++ = '1';
  *to++ = ':';
  return write_base64(to, sha1({octets.data(), at}));
}

std::string community_id(const EndpointAddress& a, const EndpointAddress& b, std::uint16_t seed) {
  std::array<char, kCommunityIdSize> text;
  return {text.data(), write_community_id(text.data(), a, b, seed)};
}

}  // namespace tcpautopsy

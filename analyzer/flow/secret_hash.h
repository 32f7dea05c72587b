// Hashes that a capture's author cannot foresee: crafted addresses do not pile up in one chain of a table.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "analyzer/decode/address.h"

namespace tcpautopsy {

// Drawn once a process, or made from the number in TCPAUTOPSY_HASH_SEED. Nothing that is printed may hang on
// it: it decides where in a table a key lies, never which keys are kept or told.
using HashSecret = std::array<std::uint64_t, 4>;
extern const HashSecret kHashSecret;

// Both halves of the product: each bit of it depends on most bits of both.
inline std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide wide = Wide{a} * b;
  return static_cast<std::uint64_t>(wide) ^ static_cast<std::uint64_t>(wide >> 64);
}

struct AddressHalves {
  explicit AddressHalves(const IpAddress& ip) {
    std::memcpy(&upper, ip.octets.data(), 8);
    std::memcpy(&lower, ip.octets.data() + 8, 8);
  }
  std::uint64_t upper, lower;
};

inline std::uint64_t secret_hash(std::uint64_t a, std::uint64_t b) {
  return product(a ^ kHashSecret[2], b ^ kHashSecret[3]);
}
inline std::uint64_t secret_hash(std::uint64_t number) { return secret_hash(number, number >> 32); }
inline std::uint64_t secret_hash(const IpAddress& a, const IpAddress& b) {
  const AddressHalves x(a), y(b);
  const std::uint64_t lower = product(x.lower ^ kHashSecret[0], y.lower ^ kHashSecret[1]);
  // The upper half of an IPv4-mapped address is zero: it costs nothing.
  return (x.upper | y.upper) == 0 ? lower : product(lower ^ kHashSecret[2], secret_hash(x.upper, y.upper));
}
inline std::uint64_t secret_hash(const IpAddress& ip) {
  const AddressHalves halves(ip);
  return secret_hash(halves.lower, halves.upper);
}
inline std::uint64_t secret_hash(const EndpointAddress& end) {
  return secret_hash(secret_hash(end.ip), end.port);
}

}  // namespace tcpautopsy

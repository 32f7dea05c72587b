#include "analyzer/flow/flow_key.h"

#include <cstring>

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kSeed = 0x9E3779B97F4A7C15U;

struct Halves {
  explicit Halves(const IpAddress& ip) {
    std::memcpy(&upper, ip.octets.data(), 8);
    std::memcpy(&lower, ip.octets.data() + 8, 8);
  }
  std::uint64_t upper, lower;
};

std::uint64_t fold(std::uint64_t h, const IpAddress& ip) {
  const Halves halves(ip);
  // The upper half of an IPv4-mapped address is zero: it costs nothing.
  if (halves.upper != 0) h = mix(h ^ halves.upper);
  return mix(h ^ halves.lower) + kSeed;
}

// Any order will do, so the one that is cheapest.
bool in_order(const EndpointAddress& a, const EndpointAddress& b) {
  const Halves x(a.ip), y(b.ip);
  if (x.lower != y.lower) return x.lower < y.lower;
  if (x.upper != y.upper) return x.upper < y.upper;
  return a.port <= b.port;
}

}  // namespace

FlowKey FlowKey::of(const EndpointAddress& source, const EndpointAddress& destination,
                    std::uint32_t encapsulation, bool& source_is_low) {
  source_is_low = in_order(source, destination);
  return source_is_low ? FlowKey{source, destination, encapsulation}
                       : FlowKey{destination, source, encapsulation};
}

std::uint64_t hash_hosts(const FlowKey& key) { return fold(fold(kSeed, key.low.ip), key.high.ip); }

std::uint64_t hash_ends(const FlowKey& key) {
  return mix(hash_hosts(key) ^ (std::uint64_t{key.low.port} << 16 | key.high.port));
}

std::uint64_t hash_of(const FlowKey& key, std::uint64_t ends) {
  return key.encapsulation == 0 ? ends : mix(ends ^ std::uint64_t{key.encapsulation} << 32);
}

std::uint64_t hash_of(const FlowKey& key) { return hash_of(key, hash_ends(key)); }

}  // namespace tcpautopsy

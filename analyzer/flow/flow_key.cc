#include "analyzer/flow/flow_key.h"

#include <cstring>

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kSeed = 0x9E3779B97F4A7C15U;

std::uint64_t fold(std::uint64_t h, const IpAddress& ip) {
  std::uint64_t halves[2];
  std::memcpy(halves, ip.octets.data(), sizeof halves);
  // The upper half of an IPv4-mapped address is zero: it costs nothing.
  if (halves[0] != 0) h = mix(h ^ halves[0]);
  return mix(h ^ halves[1]) + kSeed;
}

}  // namespace

FlowKey FlowKey::of(const EndpointAddress& source, const EndpointAddress& destination,
                    std::uint32_t encapsulation) {
  const int order = std::memcmp(source.ip.octets.data(), destination.ip.octets.data(), 16);
  const bool source_low = order != 0 ? order < 0 : source.port <= destination.port;
  return source_low ? FlowKey{source, destination, encapsulation}
                    : FlowKey{destination, source, encapsulation};
}

std::uint64_t hash_hosts(const FlowKey& key) { return fold(fold(kSeed, key.low.ip), key.high.ip); }

std::uint64_t hash_of(const FlowKey& key) {
  return mix(hash_hosts(key) ^
             (std::uint64_t{key.encapsulation} << 32 | std::uint64_t{key.low.port} << 16 | key.high.port));
}

}  // namespace tcpautopsy

// What hosts, services and their clients are looked up by.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>

#include "analyzer/decode/address.h"
#include "analyzer/flow/flow_key.h"

namespace tcpautopsy {

// All connections of one client host to one service: what its port range is shared out by (RFC 6056 2.2).
struct VisitKey {
  IpAddress client;
  EndpointAddress server;
  auto operator<=>(const VisitKey&) const = default;
};

// Two hosts; who is client does not matter.
struct HostPair {
  IpAddress low, high;
  static HostPair of(const IpAddress& a, const IpAddress& b) {
    return a < b ? HostPair{a, b} : HostPair{b, a};
  }
  auto operator<=>(const HostPair&) const = default;
};

inline std::uint64_t key_hash(const IpAddress& ip) {
  std::uint64_t upper = 0, lower = 0;
  std::memcpy(&upper, ip.octets.data(), 8);
  std::memcpy(&lower, ip.octets.data() + 8, 8);
  return mix(mix(upper + 1) ^ lower);
}
inline std::uint64_t key_hash(const EndpointAddress& end) { return mix(key_hash(end.ip) + end.port); }
inline std::uint64_t key_hash(const VisitKey& key) {
  return mix(key_hash(key.client) ^ (key_hash(key.server) << 1));
}
inline std::uint64_t key_hash(const HostPair& key) {
  return mix(key_hash(key.low) ^ (key_hash(key.high) << 1));
}

}  // namespace tcpautopsy

// Under what name a connection is kept: its two ends, in one order for both directions, and its
// encapsulation.
#pragma once

#include <cstdint>
#include <cstring>

#include "analyzer/decode/address.h"

namespace tcpautopsy {

// As ==, in a few instructions: it is asked of each packet.
inline bool same(const EndpointAddress& a, const EndpointAddress& b) {
  return a.port == b.port && std::memcmp(a.ip.octets.data(), b.ip.octets.data(), 16) == 0;
}

struct FlowKey {
  EndpointAddress low, high;  // in an order of this type's own
  std::uint32_t encapsulation = 0;

  // `source_is_low` tells which of the two the source became.
  static FlowKey of(const EndpointAddress& source, const EndpointAddress& destination,
                    std::uint32_t encapsulation, bool& source_is_low);
  bool same_ends(const FlowKey& o) const { return same(low, o.low) && same(high, o.high); }
};

// Where tables find it, other in every run (secret_hash.h). `ends` is hash_ends().
std::uint64_t hash_of(const FlowKey& key, std::uint64_t ends);
std::uint64_t hash_of(const FlowKey& key);

// Of the two ends alone: the same whatever the encapsulation.
std::uint64_t hash_ends(const FlowKey& key);

// Of the two addresses without ports: the pair of hosts.
std::uint64_t hash_hosts(const FlowKey& key);

// The same in every run: what is remembered of keys in bounded room goes by it.
std::uint64_t lasting_hash(const FlowKey& key);

// The finalizer of a 64-bit hash: each output bit depends on each input bit.
constexpr std::uint64_t mix(std::uint64_t h) {
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93U;
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93U;
  return h ^ (h >> 32);
}

}  // namespace tcpautopsy

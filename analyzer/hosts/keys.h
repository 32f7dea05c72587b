// What hosts, services and their clients are looked up by.
#pragma once

#include <compare>
#include <cstdint>

#include "analyzer/decode/address.h"
#include "analyzer/flow/flow_key.h"
#include "analyzer/flow/secret_hash.h"

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
  auto operator<=>(const HostPair&) const = default;
};

// The same in every run and on every machine: what is kept of very many goes by it. Tables find a key by its
// secret_hash().
inline std::uint64_t key_hash(const IpAddress& ip) {
  const AddressHalves halves(ip);
  return mix(mix(halves.upper + 1) ^ halves.lower);
}
// By the hash of its host.
constexpr std::uint64_t service_hash(std::uint64_t host, std::uint16_t port) { return mix(host + port); }
// Of two keys, by the hashes of both.
constexpr std::uint64_t joint_hash(std::uint64_t first, std::uint64_t second) {
  return mix(first ^ (second << 1));
}
inline std::uint64_t key_hash(const EndpointAddress& end) { return service_hash(key_hash(end.ip), end.port); }
inline std::uint64_t key_hash(const VisitKey& key) {
  return joint_hash(key_hash(key.client), key_hash(key.server));
}
inline std::uint64_t key_hash(const HostPair& key) {
  return joint_hash(key_hash(key.low), key_hash(key.high));
}

inline std::uint64_t secret_hash(const VisitKey& key) {
  return secret_hash(secret_hash(key.client, key.server.ip), key.server.port);
}
inline std::uint64_t secret_hash(const HostPair& key) { return secret_hash(key.low, key.high); }

// A key with its hash, which is worked out once for all tables.
template <class Key>
struct Hashed {
  Key key{};
  std::uint64_t hash = 0;
};
template <class Key>
Hashed<Key> hashed(const Key& key) {
  return {key, key_hash(key)};
}

}  // namespace tcpautopsy

#include "analyzer/flow/flow_key.h"

#include "analyzer/flow/secret_hash.h"

namespace tcpautopsy {
namespace {

std::uint64_t fold(std::uint64_t h, const EndpointAddress& end) {
  const AddressHalves halves(end.ip);
  return mix(mix(h ^ halves.upper) ^ halves.lower) + end.port;
}

// Any order will do, so the one that is cheapest.
bool in_order(const EndpointAddress& a, const EndpointAddress& b) {
  const AddressHalves x(a.ip), y(b.ip);
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

std::uint64_t hash_hosts(const FlowKey& key) { return secret_hash(key.low.ip, key.high.ip); }

std::uint64_t hash_ends(const FlowKey& key) {
  return secret_hash(hash_hosts(key), std::uint64_t{key.low.port} << 16 | key.high.port);
}

std::uint64_t hash_of(const FlowKey& key, std::uint64_t ends) {
  return key.encapsulation == 0 ? ends : secret_hash(ends, std::uint64_t{key.encapsulation} << 32);
}

std::uint64_t hash_of(const FlowKey& key) { return hash_of(key, hash_ends(key)); }

std::uint64_t lasting_hash(const FlowKey& key) {
  return mix(fold(fold(key.encapsulation, key.low), key.high));
}

}  // namespace tcpautopsy

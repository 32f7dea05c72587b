#include "analyzer/flow/secret_hash.h"

#include <cstdlib>
#include <random>

#include "analyzer/flow/flow_key.h"

namespace tcpautopsy {
namespace {

HashSecret drawn() {
  HashSecret secret;
  std::random_device device;
  for (std::uint64_t& word : secret) word = std::uint64_t{device()} << 32 | device();
  return secret;
}

HashSecret made_from(std::uint64_t seed) {
  HashSecret secret;
  for (std::uint64_t& word : secret) word = mix(seed += 0x9E3779B97F4A7C15U);
  return secret;
}

HashSecret make_secret() {
  const char* const seed = std::getenv("TCPAUTOPSY_HASH_SEED");  // NOLINT(concurrency-mt-unsafe): before main
  return seed == nullptr ? drawn() : made_from(std::strtoull(seed, nullptr, 10));
}

}  // namespace

const HashSecret kHashSecret = make_secret();

}  // namespace tcpautopsy

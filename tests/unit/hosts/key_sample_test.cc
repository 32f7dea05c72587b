#include "analyzer/hosts/key_sample.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace tcpautopsy {
namespace {

struct Count {
  std::uint64_t n = 0;
  void merge(const Count& o) { n += o.n; }
};
using Sample = KeySample<std::uint32_t, Count, 64>;

std::uint64_t hash_of_key(std::uint32_t key) {
  std::uint64_t x = key * 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

void note(Sample& sample, std::uint32_t key) {
  if (Count* count = sample.find_or_add(key, hash_of_key(key))) ++count->n;
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> content(const Sample& sample) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> all;
  sample.each([&](std::uint32_t key, const Count& count) { all.emplace_back(key, count.n); });
  return all;
}

}  // namespace

TEST_CASE("few keys are all kept, with their counts") {
  Sample sample;
  for (int round = 0; round < 3; ++round)
    for (std::uint32_t key = 0; key < 64; ++key) note(sample, key);
  CHECK(sample.complete());
  CHECK(sample.distinct() == 64);
  sample.each([](std::uint32_t, const Count& count) { CHECK(count.n == 3); });
}

TEST_CASE("many keys leave a fair sample whose counts are whole") {
  std::mt19937 random(5);
  std::vector<std::uint64_t> truth(10000);
  Sample sample;
  for (int i = 0; i < 100000; ++i) {
    const auto key = static_cast<std::uint32_t>(random() % truth.size());
    ++truth[key];
    note(sample, key);
  }
  CHECK_FALSE(sample.complete());
  CHECK(sample.size() <= 64);
  CHECK(sample.distinct() > 6000);
  CHECK(sample.distinct() < 16000);
  sample.each([&](std::uint32_t key, const Count& count) { CHECK(count.n == truth[key]); });
}

TEST_CASE("parts of a sample make the same sample in any order") {
  std::mt19937 random(9);
  std::vector<std::uint32_t> keys;
  for (int i = 0; i < 20000; ++i) keys.push_back(static_cast<std::uint32_t>(random() % 5000));
  Sample whole;
  for (const std::uint32_t key : keys) note(whole, key);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(keys.begin(), keys.end(), random);
    std::vector<Sample> parts(1 + random() % 6);
    for (const std::uint32_t key : keys) note(parts[random() % parts.size()], key);
    Sample merged;
    for (const Sample& part : parts) merged.merge(part);
    CHECK(content(merged) == content(whole));
    CHECK(merged.distinct() == whole.distinct());
  }
}

}  // namespace tcpautopsy

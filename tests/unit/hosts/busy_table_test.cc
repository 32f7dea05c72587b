#include "analyzer/hosts/busy_table.h"

#include <catch2/catch.hpp>
#include <random>

namespace tcpautopsy {
namespace {

struct Sum {
  std::uint64_t total = 0;
  void merge(const Sum& part) { total += part.total; }
};
using Table = BusyTable<EndpointAddress, Sum>;

EndpointAddress service(std::uint32_t number) {
  const std::uint8_t octets[4]{10, static_cast<std::uint8_t>(number >> 16),
                               static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return {IpAddress::v4(octets), 80};
}

void note(Table& table, std::uint32_t key, std::uint64_t flow) {
  table.note(hashed(service(key)), flow, [&](Sum& sum) { sum.total += flow; });
}

bool same(const Table& a, const Table& b) {
  const auto x = a.known(), y = b.known();
  return a.folded() == b.folded() &&
         std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto& m, const auto& n) {
           return m.key == n.key && m.flows == n.flows && m.sample() == n.sample() && m.share == n.share &&
                  m.value->total == n.value->total;
         });
}

}  // namespace

TEST_CASE("few keys are all known exactly") {
  Table table;
  for (std::uint32_t flow = 0; flow < 90000; ++flow) note(table, flow % 3, flow);
  REQUIRE_FALSE(table.folded());
  const auto known = table.known();
  REQUIRE(known.size() == 3);
  CHECK(known[0].key == service(0));
  CHECK(known[0].flows == 30000);
  CHECK(known[0].share == 1);
  CHECK(known[0].sample().size() == FlowSample<int>::kMost);
  CHECK(known[2].value->total == std::uint64_t{30000} * 2 + 3 * (std::uint64_t{30000} * 29999 / 2));
  REQUIRE(table.find(service(1)) != nullptr);
  CHECK(table.find(service(9)) == nullptr);
}

TEST_CASE("a busy key stands out among very many") {
  Table table;
  std::uint64_t flow = 0;
  for (std::uint32_t key = 100; key < 200100; ++key) {
    note(table, key, flow++);
    if (key % 40 == 0) note(table, 7, flow++);
  }
  REQUIRE(table.folded());
  const auto known = table.known();
  const auto busy =
      std::find_if(known.begin(), known.end(), [](const auto& k) { return k.key == service(7); });
  REQUIRE(busy != known.end());
  CHECK(busy->flows >= 5000);
  CHECK(busy->flows < 5600);
  CHECK(busy->share > 0.75);
  CHECK(busy->share < 1);
  CHECK(table.find(service(7)) == busy->value);
  CHECK(known.size() < 5);
}

TEST_CASE("parts of a table add up to the whole in any order") {
  const std::uint32_t keys = GENERATE(5U, 60000U, 200000U);
  std::vector<std::pair<std::uint32_t, std::uint64_t>> notes;
  for (std::uint32_t i = 0; i < 100000; ++i) notes.emplace_back(i % 3 == 0 ? 1 : mix(i) % keys, i);
  Table whole;
  for (const auto& [key, flow] : notes) note(whole, key, flow);
  std::mt19937 random(5);
  for (int round = 0; round < 3; ++round) {
    std::shuffle(notes.begin(), notes.end(), random);
    std::vector<Table> parts(1 + random() % 6);
    for (const auto& [key, flow] : notes) note(parts[random() % parts.size()], key, flow);
    while (parts.size() > 1) {
      parts[parts.size() - 2].merge(parts.back());
      parts.pop_back();
    }
    CHECK(same(parts.front(), whole));
  }
}

}  // namespace tcpautopsy

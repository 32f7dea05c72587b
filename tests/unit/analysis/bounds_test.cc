#include "analyzer/analysis/bounds.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "analyzer/analysis/analysis.h"

using namespace tcpautopsy;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

EndpointAddress end(std::uint8_t host, std::uint16_t port) {
  const std::array<std::uint8_t, 4> octets{10, 0, 0, host};
  return {IpAddress::v4(octets.data()), port};
}

std::uint64_t met(const std::vector<LimitMet>& limits, std::string_view name) {
  const auto found =
      std::find_if(limits.begin(), limits.end(), [&](const LimitMet& limit) { return limit.name == name; });
  REQUIRE(found != limits.end());
  return found->count;
}

// SYNs from as many ports, a millisecond apart: flows that ended early, and what is told of limits.
std::pair<std::size_t, std::vector<LimitMet>> half_open(std::uint16_t count, const Bounds& bounds) {
  AnalysisOptions options;
  options.bounds = bounds;
  std::size_t early = 0, all = 0;
  Analysis analysis(options, [&](const FlowResult& flow) {
    ++all;
    if (flow.history.trace.ended_early) ++early;
    CHECK(flow.history.handshake == Handshake::SynOnly);
  });
  for (std::uint16_t i = 0; i < count; ++i) {
    TcpSegment syn;
    syn.source = end(1, i);
    syn.destination = end(2, 80);
    syn.flags = kSyn;
    syn.seq = Seq(1000U + i);
    analysis.add(syn, {0, i + 1U, i * kMillisecond});
  }
  analysis.finish();
  CHECK(all == count);
  return {early, analysis.limits()};
}

}  // namespace

TEST_CASE("of memory what all else takes is set aside") {
  CHECK(Bounds().for_connections() == std::numeric_limits<std::uint64_t>::max());
  CHECK(Bounds{.memory = 256 * kMiB}.for_connections() == 64 * kMiB);
  CHECK(Bounds{.memory = 4096 * kMiB}.for_connections() == 3072 * kMiB);
  CHECK(Bounds{.memory = 1}.for_connections() == 0);
}

TEST_CASE("connections that memory ends early are marked and counted, and all are told") {
  const auto [early, limits] = half_open(9000, {.memory = 192 * kMiB + 300'000});
  CHECK(early > 4000);
  CHECK(met(limits, "memory") == early);
  const auto [none, unmet] = half_open(9000, {.memory = 256 * kMiB});
  CHECK(none == 0);
  CHECK(met(unmet, "memory") == 0);
}

TEST_CASE("one is told in the singular") {
  CHECK(LimitMet{"a", 1, "connections ended early"}.text() == "1 connection ended early");
  CHECK(LimitMet{"a", 1234, "SYNs in open connections"}.text() == "1,234 SYNs in open connections");
}

TEST_CASE("each limit has a name of its own, and words") {
  std::set<std::string_view> names;
  for (const LimitMet& limit : limits_met({}, {}, {}, {})) {
    CHECK(names.insert(limit.name).second);
    CHECK_FALSE(limit.words.empty());
  }
  for (const BoundNumber& bound : bound_numbers()) {
    CHECK(names.contains(bound.name));
    if (!bound.is_size()) CHECK(Bounds().*bound.member >= bound.least);
    CHECK(Bounds().*bound.member <= bound.most);
  }
}

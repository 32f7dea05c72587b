// Ranges against a set of all that they hold.
#include "analyzer/seq/ranges.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace tcpautopsy;

namespace {

struct Range {
  int begin, end;
  int oldest;  // of what was joined
};

std::set<int> held(const std::vector<Range>& ranges) {
  std::set<int> all;
  for (const Range& r : ranges)
    for (int n = r.begin; n < r.end; ++n) CHECK(all.insert(n).second);
  return all;
}

void keep_oldest(Range& into, const Range& other) { into.oldest = std::min(into.oldest, other.oldest); }

}  // namespace

TEST_CASE("ranges hold what was added and not cut out") {
  std::mt19937 random(GENERATE(range(1U, 20U)));
  const auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Range> ranges;
  std::set<int> expected;
  for (int i = 0; i < 200; ++i) {
    const int begin = pick(200), end = begin + 1 + pick(20);
    if (pick(2) == 0) {
      add_range(ranges, Range{begin, end, i}, keep_oldest);
      for (int n = begin; n < end; ++n) expected.insert(n);
    } else {
      int taken = 0, there = 0;
      const bool any = cut_ranges(ranges, begin, end, [&](int from, int to) { taken += to - from; });
      for (int n = begin; n < end; ++n) there += static_cast<int>(expected.erase(n));
      CHECK(taken == there);
      CHECK(any == (there > 0));
    }
    CHECK(held(ranges) == expected);
    for (std::size_t k = 1; k < ranges.size(); ++k) CHECK(ranges[k - 1].end <= ranges[k].begin);
  }
}

TEST_CASE("what is known of ranges that touch comes together") {
  std::vector<Range> ranges;
  add_range(ranges, Range{0, 5, 3}, keep_oldest);
  add_range(ranges, Range{10, 15, 1}, keep_oldest);
  add_range(ranges, Range{5, 10, 2}, keep_oldest);
  REQUIRE(ranges.size() == 1);
  CHECK(ranges[0].oldest == 1);
  CHECK(ranges[0].end == 15);
}

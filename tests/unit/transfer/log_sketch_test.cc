#include "analyzer/transfer/log_sketch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace tcpautopsy;

namespace {

TimeNs exact(std::vector<TimeNs> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = std::max(1.0, std::ceil(share * static_cast<double>(values.size())));
  return values[static_cast<std::size_t>(rank) - 1];
}

std::vector<TimeNs> spread_values(unsigned seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<TimeNs> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(static_cast<TimeNs>(std::exp(std::uniform_real_distribution<>(0, 43)(random))));
  return values;
}

}  // namespace

TEST_CASE("a sketch without values says nothing") {
  const LogSketch sketch;
  CHECK_FALSE(sketch);
  CHECK(sketch.quantile(0.5) == 0);
  CHECK(sketch.least() == 0);
}

TEST_CASE("quantiles are within the relative error over all magnitudes") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const auto values = spread_values(seed, 1000 + seed);
    LogSketch sketch;
    for (const TimeNs value : values) sketch.add(value);
    for (const double share : {0.0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0}) {
      const double truth = static_cast<double>(exact(values, share));
      CHECK(std::abs(static_cast<double>(sketch.quantile(share)) - truth) <=
            truth * LogSketch::kRelativeError + 1e-9);
    }
    CHECK(sketch.least() == *std::min_element(values.begin(), values.end()));
    CHECK(sketch.greatest() == *std::max_element(values.begin(), values.end()));
  }
}

TEST_CASE("small values and the largest are kept exactly") {
  LogSketch sketch;
  for (TimeNs value = 0; value < 64; ++value) sketch.add(value);
  for (TimeNs value = 0; value < 64; ++value)
    CHECK(sketch.quantile(static_cast<double>(value + 1) / 64) == value);
  const TimeNs most = std::numeric_limits<TimeNs>::max();
  sketch.add(most);
  sketch.add(most);
  CHECK(sketch.greatest() == most);
  CHECK(sketch.sum() == most);
  CHECK(sketch.quantile(1) == most);
  CHECK(static_cast<double>(sketch.quantile(65.0 / 66)) > static_cast<double>(most) * 0.98);
}

TEST_CASE("merged sketches are the sketch of all values") {
  LogSketch left, right, all;
  for (const TimeNs value : spread_values(7, 300)) left.add(value), all.add(value);
  for (const TimeNs value : spread_values(8, 500)) right.add(value), all.add(value);
  LogSketch merged = right;
  merged.merge(left);
  merged.merge(LogSketch());
  CHECK(merged.count() == all.count());
  CHECK(merged.sum() == all.sum());
  for (const double share : {0.1, 0.5, 0.95, 1.0}) CHECK(merged.quantile(share) == all.quantile(share));
  LogSketch twice = left;
  twice.merge(twice);
  CHECK(twice.count() == 2 * left.count());
  CHECK(twice.quantile(0.5) == left.quantile(0.5));
}

TEST_CASE("few values are told as well as many, whatever their order") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const auto values = spread_values(seed, seed);
    LogSketch sketch, other_way_round;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sketch.add(values[i]);
      other_way_round.add(values[values.size() - 1 - i]);
    }
    for (const double share : {0.1, 0.5, 0.9}) {
      const double truth = static_cast<double>(exact(values, share));
      CHECK(std::abs(static_cast<double>(sketch.quantile(share)) - truth) <=
            truth * LogSketch::kRelativeError + 1e-9);
      CHECK(sketch.quantile(share) == other_way_round.quantile(share));
    }
  }
}

TEST_CASE("a time before zero counts as none") {
  LogSketch sketch;
  sketch.add(-5);
  CHECK(sketch.count() == 1);
  CHECK(sketch.greatest() == 0);
}

#include "analyzer/hosts/population.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

namespace tcpautopsy {
namespace {

struct Stay {
  TcpState state;
  TimeNs from_ns, until_ns;
};

std::vector<Stay> random_stays(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<Stay> stays;
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = static_cast<TimeNs>(random() % static_cast<std::uint64_t>(600 * kSecond));
    const auto state = random() % 2 == 0 ? TcpState::TimeWait : TcpState::Established;
    stays.push_back({state, from, from + static_cast<TimeNs>(random() % 60) * kSecond});
  }
  return stays;
}

void note(Population& population, const Stay& stay) {
  population.enter(stay.state, stay.from_ns);
  population.leave(stay.state, stay.until_ns);
}

bool same(const Population& a, const Population& b) {
  const auto x = a.moments(), y = b.moments();
  return a.step_ns() == b.step_ns() &&
         std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](auto& m, auto& n) { return m.at_ns == n.at_ns && m.counts == n.counts; });
}

}  // namespace

TEST_CASE("a population is counted exactly while its moments are few") {
  Population p;
  note(p, {TcpState::TimeWait, 10, 70});
  note(p, {TcpState::TimeWait, 20, 80});
  note(p, {TcpState::Established, 0, 20});
  CHECK(p.peak(TcpState::TimeWait).count == 2);
  CHECK(p.peak(TcpState::TimeWait).at_ns == 20);
  CHECK(p.at(TcpState::TimeWait, 19) == 1);
  CHECK(p.at(TcpState::TimeWait, 70) == 1);
  CHECK(p.at(TcpState::Established, 0) == 1);
  CHECK(p.at(TcpState::Established, 20) == 0);
  CHECK(p.step_ns() == 1);
}

TEST_CASE("a long population is told in steps, and its peak is hardly understated") {
  const auto stays = random_stays(20000, 7);
  Population p;
  for (const Stay& stay : stays) note(p, stay);
  std::vector<std::pair<TimeNs, int>> changes;
  for (const Stay& stay : stays) {
    if (stay.state != TcpState::TimeWait) continue;
    changes.emplace_back(stay.from_ns, 1);
    changes.emplace_back(stay.until_ns, -1);
  }
  std::sort(changes.begin(), changes.end());
  int count = 0, peak = 0;
  for (const auto& [at, by] : changes) peak = std::max(peak, count += by);
  CHECK(p.step_ns() > 1);
  CHECK(p.moments().size() <= Population::kMost);
  CHECK(p.peak(TcpState::TimeWait).count <= peak);
  CHECK(static_cast<double>(p.peak(TcpState::TimeWait).count) >= 0.99 * peak);
}

TEST_CASE("steps are as short as the room allows") {
  const std::size_t count = GENERATE(4000U, 4097U, 4700U, 6000U, 50000U);
  std::mt19937_64 random(13);
  std::vector<TimeNs> times;
  for (std::size_t i = 0; i < count; ++i) times.push_back(static_cast<TimeNs>(random() % (1U << 30U)) + 1);
  Population p;
  for (const TimeNs at : times) p.enter(TcpState::TimeWait, at);
  const auto moments_at = [&](unsigned shift) {
    std::set<TimeNs> ends;
    for (const TimeNs at : times) ends.insert((at - 1) >> shift);
    return ends.size();
  };
  unsigned shift = 0;
  while (moments_at(shift) > Population::kMost) ++shift;
  CHECK(p.step_ns() == TimeNs{1} << shift);
  CHECK(p.moments().size() == moments_at(shift));
  CHECK(p.peak(TcpState::TimeWait).count == static_cast<std::int64_t>(count));
}

TEST_CASE("a count inside a step is the one at its end, however many changes came last") {
  Population p;
  for (TimeNs i = 0; i < static_cast<TimeNs>(Population::kMost) + 1100; ++i) {
    p.enter(TcpState::TimeWait, 3 * i);
    if (i < static_cast<TimeNs>(Population::kMost) || i % 100 != 0) continue;
    const TimeNs step = p.step_ns();
    const std::vector<Population::Moment> moments = p.moments();
    for (const std::size_t at : {std::size_t{1}, moments.size() / 2, moments.size() - 1})
      CHECK(p.at(TcpState::TimeWait, moments[at].at_ns - step + 1) ==
            moments[at].counts[static_cast<std::size_t>(TcpState::TimeWait)]);
  }
}

TEST_CASE("parts of a population add up to the whole in any order") {
  const std::size_t count = GENERATE(10U, 3000U, 30000U);
  auto stays = random_stays(count, 11);
  Population whole;
  for (const Stay& stay : stays) note(whole, stay);
  std::mt19937 random(3);
  for (int round = 0; round < 4; ++round) {
    std::shuffle(stays.begin(), stays.end(), random);
    std::vector<Population> parts(1 + random() % 7);
    for (const Stay& stay : stays) note(parts[random() % parts.size()], stay);
    std::shuffle(parts.begin(), parts.end(), random);
    Population merged;
    for (const Population& part : parts) merged.merge(part);
    CHECK(same(merged, whole));
  }
}

}  // namespace tcpautopsy

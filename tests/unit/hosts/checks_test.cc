#include "analyzer/hosts/checks.h"

#include <catch2/catch.hpp>

#include "analyzer/hosts/targets.h"

namespace tcpautopsy {
namespace {

CheckTimes times_of(std::initializer_list<int> seconds) {
  CheckTimes times;
  for (const int s : seconds) times.note({s * kSecond, static_cast<std::uint64_t>(s), {}, s % 2 == 0});
  return times;
}

Attempt refused_at(int second) {
  Attempt a;
  a.outcome = Outcome::Refused;
  a.syn.time_ns = second * kSecond;
  a.flow = static_cast<std::uint64_t>(second);
  return a;
}

void note_refused(Targets& targets, int second) {
  const Attempt attempt = refused_at(second);
  targets.note(attempt, hashed(VisitKey{attempt.client.ip, attempt.server}));
}

std::vector<std::int64_t> minutes_of(const Targets& targets) {
  std::vector<std::int64_t> minutes;
  targets.each(1, [&](const IpAddress&, const std::vector<Probe>& probes) {
    for (const Probe& probe : probes)
      for (const Tried& tried : probe.target.tried) minutes.push_back(tried.minute);
  });
  return minutes;
}

}  // namespace

TEST_CASE("health checks add up in any order, and the first of them are kept") {
  CheckTimes forward, backward;
  for (int from = 0; from < 100; from += 2) forward.merge(times_of({from, from + 1}));
  for (int from = 98; from >= 0; from -= 2) backward.merge(times_of({from + 1, from}));
  for (const CheckTimes& times : {forward, backward}) {
    CHECK(times.count == 100);
    CHECK(times.resets == 50);
    CHECK(times.last_ns == 99 * kSecond);
    REQUIRE(times.first.size() == CheckTimes::kMost);
    CHECK(times.first.front().begun_ns == 0);
    CHECK(times.first.back().flow == CheckTimes::kMost - 1);
  }
}

TEST_CASE("a target tried in vain is known by the minute, the first of them, in any order") {
  Targets forward, backward;
  for (int second = 0; second < 1200; second += 30) note_refused(forward, second);
  for (int second = 1170; second >= 0; second -= 30) {
    Targets part;
    note_refused(part, second);
    backward.merge(part);
  }
  const std::vector<std::int64_t> first{0, 1, 2, 3, 4, 5, 6, 7};
  CHECK(minutes_of(forward) == first);
  CHECK(minutes_of(backward) == first);
}

}  // namespace tcpautopsy

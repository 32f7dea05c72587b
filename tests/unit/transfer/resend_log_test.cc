#include "analyzer/transfer/resend_log.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace tcpautopsy;

namespace {

std::vector<std::uint64_t> numbers(const ResendLog& log) {
  std::vector<std::uint64_t> out;
  log.each([&](const ResendLog::Resend& resend) { out.push_back(resend.number); });
  std::sort(out.begin(), out.end());
  return out;
}

FrameRef frame(std::uint64_t number) {
  FrameRef out;
  out.number = number;
  return out;
}

}  // namespace

TEST_CASE("resends are kept with their cause, of very many the first and the last") {
  constexpr std::uint64_t kMany = 3 * ResendLog::kFirst;
  ResendLog log;
  CHECK(log.octets() == 0);
  for (std::uint64_t number = 1; number <= kMany; ++number)
    log.add(frame(number), number % 2 == 0 ? RetransmissionCause::Fast : RetransmissionCause::Timeout,
            number % 3 == 0);
  CHECK(log.count() == kMany);
  const auto kept = numbers(log);
  REQUIRE(kept.size() == ResendLog::kFirst + ResendLog::kLast);
  CHECK(kept.front() == 1);
  CHECK(kept[ResendLog::kFirst - 1] == ResendLog::kFirst);
  CHECK(kept[ResendLog::kFirst] == kMany - ResendLog::kLast + 1);
  CHECK(kept.back() == kMany);
  log.each([](const ResendLog::Resend& resend) {
    CHECK(resend.cause ==
          (resend.number % 2 == 0 ? RetransmissionCause::Fast : RetransmissionCause::Timeout));
    CHECK(resend.spurious == (resend.number % 3 == 0));
  });
}

TEST_CASE("a copy of a log of resends is its own") {
  ResendLog log;
  log.add(frame(7), RetransmissionCause::Probe, false);
  ResendLog copy = log;
  copy.add(frame(8), RetransmissionCause::Probe, false);
  CHECK(numbers(log) == std::vector<std::uint64_t>{7});
  CHECK(numbers(copy) == std::vector<std::uint64_t>{7, 8});
}

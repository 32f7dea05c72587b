#include "analyzer/flow/capture_pauses.h"

#include <catch2/catch.hpp>

using tcpautopsy::CapturePauses;
using tcpautopsy::kSecond;
using tcpautopsy::TimeNs;

namespace {

constexpr TimeNs kDay = CapturePauses::kLeast;

CapturePauses of_packets(std::initializer_list<TimeNs> times) {
  CapturePauses pauses;
  for (auto at = times.begin(); at + 1 != times.end(); ++at) pauses.pass(*at, *(at + 1));
  return pauses;
}

}  // namespace

TEST_CASE("a day without a packet is a pause, to those who were silent when it began") {
  const CapturePauses pauses = of_packets({0, 10, 10 + kDay, 20 + kDay, 30 + 3 * kDay, 40 + 3 * kDay});
  CHECK(pauses.since(5) == 10);
  CHECK(pauses.since(10) == 10);
  CHECK(pauses.since(11) == 20 + kDay);
  CHECK_FALSE(pauses.since(35 + 3 * kDay));
}

TEST_CASE("less than a day is none") { CHECK_FALSE(of_packets({0, kDay - 1, 2 * kDay - 2}).any()); }

TEST_CASE("one packet of a clock gone wrong makes no pause") {
  CHECK_FALSE(of_packets({0, 10, 9 * kDay, 20, 30}).any());
  CHECK(of_packets({0, 10, 9 * kDay}).since(0) == 10);  // the capture's last
  CHECK_FALSE(of_packets({0, 10, -9 * kDay, 20, 30}).since(0));
}

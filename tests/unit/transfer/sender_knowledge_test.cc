#include "analyzer/transfer/sender_knowledge.h"

#include <catch2/catch.hpp>

using namespace tcpautopsy;

namespace {

constexpr TimeNs kMs = 1'000'000;

void tell(SenderKnowledge& of, StreamOffset ack, TimeNs at_ms, std::uint32_t window, std::int64_t rtt_ms) {
  TcpSegment segment;
  segment.flags = kAck;
  PlacedSegment placed{segment, {0, 1, at_ms * kMs}, Side::B, 0, ack, 0};
  placed.window = window;
  placed.window_known = true;
  of.told(placed, rtt_ms * kMs);
}

}  // namespace

TEST_CASE("next to the sender an ACK is known at once") {
  SenderKnowledge knowledge;
  tell(knowledge, 100, 5, 1000, 0);
  CHECK(knowledge.at(5 * kMs, 0).una == 100);
  CHECK(knowledge.at(5 * kMs, 0).edge == 1100);
}

TEST_CASE("away from the sender an ACK is known about a round trip later") {
  SenderKnowledge knowledge;
  tell(knowledge, 100, 0, 1000, 80);
  CHECK_FALSE(knowledge.at(60 * kMs, 80 * kMs).acked);
  CHECK(knowledge.at(80 * kMs, 80 * kMs).una == 100);
  tell(knowledge, 200, 100, 1000, 80);
  tell(knowledge, 300, 150, 500, 80);
  CHECK(knowledge.at(180 * kMs, 80 * kMs).una == 200);
  CHECK(knowledge.at(230 * kMs, 80 * kMs).una == 300);
  CHECK(knowledge.at(230 * kMs, 80 * kMs).edge == 1200);
  CHECK(knowledge.at(230 * kMs, 80 * kMs).edge_ns == 100 * kMs);
}

TEST_CASE("a stream of ACKs is followed closely in bounded memory") {
  SenderKnowledge knowledge;
  for (TimeNs ms = 0; ms < 5000; ++ms) {
    tell(knowledge, ms * 10, ms, 1000, 200);
    const StreamOffset una = knowledge.at(ms * kMs, 200 * kMs).una;
    if (ms < 400) continue;
    // Seven eighths of the round trip behind, and a forty-eighth for what is told together.
    CHECK(una <= (ms - 174) * 10);
    CHECK(una >= (ms - 184) * 10);
  }
}

TEST_CASE("an ACK that is older than another tells nothing") {
  SenderKnowledge knowledge;
  tell(knowledge, 200, 0, 1000, 0);
  tell(knowledge, 100, 1, 5000, 0);
  CHECK(knowledge.at(kMs, 0).una == 200);
  CHECK(knowledge.at(kMs, 0).edge == 1200);
}

TEST_CASE("slow start ends with the first loss, or when held rounds grow no more") {
  FlightRounds lost;
  lost.lost();
  CHECK_FALSE(lost.slow_start());

  const auto still_opens = [](std::initializer_list<StreamOffset> flights, bool held) {
    FlightRounds rounds;
    StreamOffset una = 1;
    for (const StreamOffset flight : flights) {
      rounds.sent(una + flight, una, held);
      una += flight;
    }
    rounds.sent(una + 1, una, held);
    return rounds.slow_start();
  };
  CHECK(still_opens({1000, 2000, 4000, 8000}, true));
  CHECK(still_opens({1000, 1500, 2250}, true));
  CHECK_FALSE(still_opens({1000, 2000, 4000, 4000}, true));
  CHECK(still_opens({4000, 1000, 1000}, false));
}

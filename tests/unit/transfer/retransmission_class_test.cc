#include "analyzer/transfer/retransmission_class.h"

#include <catch2/catch.hpp>

#include "analyzer/transfer/round_trips.h"

using namespace tcpautopsy;

namespace {

constexpr TimeNs ms(double n) { return static_cast<TimeNs>(n * 1e6); }

// A sender 1 ms away whose receiver is 40 ms from it, with several segments under way.
RetransmissionContext usual() {
  RetransmissionContext c;
  c.leg_ns = ms(1);
  c.round_trip_ns = ms(40);
  c.waited_ns = ms(300);
  c.news_age_ns = ms(300);
  c.first_unacknowledged = true;
  return c;
}

}  // namespace

TEST_CASE("the cause of a resend by what its sender knew and how long it waited") {
  RetransmissionContext c = usual();
  CHECK(cause_of(c) == RetransmissionCause::Timeout);
  SECTION("evidence just before") {
    c.evidence_age_ns = c.news_age_ns = ms(2);
    c.waited_ns = ms(42);
    CHECK(cause_of(c) == RetransmissionCause::Fast);
  }
  SECTION("RACK waits a quarter of the round trip after it") {
    c.evidence_age_ns = c.news_age_ns = ms(12);
    c.waited_ns = ms(52);
    CHECK(cause_of(c) == RetransmissionCause::Fast);
  }
  SECTION("evidence that cannot have reached the sender") {
    c.leg_ns = ms(30);
    c.evidence_age_ns = c.news_age_ns = ms(5);
    c.waited_ns = ms(12);
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
  }
  SECTION("old evidence, then nothing for the time of a timer") {
    c.evidence_age_ns = ms(290);
    c.news_age_ns = ms(260);
    CHECK(cause_of(c) == RetransmissionCause::Timeout);
  }
  SECTION("the highest of several after two round trips") {
    c.first_unacknowledged = false;
    c.highest = true;
    c.waited_ns = c.news_age_ns = ms(82);
    CHECK(cause_of(c) == RetransmissionCause::Probe);
    c.sack_unused = true;
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
    c.sack_unused = false;
    c.probes = 1;
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
  }
  SECTION("the highest of several, two round trips after an ACK that took those before it") {
    c.first_unacknowledged = false;
    c.highest = true;
    c.waited_ns = ms(152);
    c.news_age_ns = ms(82);
    CHECK(cause_of(c) == RetransmissionCause::Probe);
    c.news_age_ns = ms(140);
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
    c.news_age_ns = ms(20);
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
  }
  SECTION("a lone segment at 2 round trips and 200 ms") {
    c.highest = true;
    c.waited_ns = c.news_age_ns = ms(280);
    CHECK(cause_of(c) == RetransmissionCause::LastSegment);
    c.waited_ns = c.news_age_ns = ms(700);
    CHECK(cause_of(c) == RetransmissionCause::Timeout);
  }
  SECTION("earlier than any timer") {
    c.waited_ns = c.news_age_ns = ms(150);
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
  }
  SECTION("what follows a timeout is the timeout's") {
    c.timeout_recovery = true;
    c.evidence_age_ns = c.news_age_ns = ms(2);
    c.first_unacknowledged = false;
    c.waited_ns = ms(310);
    CHECK(cause_of(c) == RetransmissionCause::Timeout);
  }
  SECTION("partial acknowledgments in fast recovery") {
    c.fast_recovery = true;
    c.news_age_ns = ms(1);
    c.waited_ns = ms(60);
    CHECK(cause_of(c) == RetransmissionCause::Fast);
  }
  SECTION("nothing of the receiver was captured") {
    c.receiver_unheard = true;
    CHECK(cause_of(c) == RetransmissionCause::Prompt);
  }
}

TEST_CASE("a timer that doubles is told from one that starts anew") {
  CHECK(doubles(ms(220), ms(440)));
  CHECK(doubles(ms(220), ms(400)));
  CHECK_FALSE(doubles(ms(220), ms(220)));
  CHECK_FALSE(doubles(ms(240), ms(300)));
}

TEST_CASE("delayed acknowledgments are left out of the spread, not of the smoothed round trip") {
  RoundTrips trips;
  for (int i = 0; i < 50; ++i) trips.add(ms(10), 2920, 1460, ms(10));
  for (int i = 0; i < 50; ++i) trips.add(ms(50), 100, 1460, ms(10));  // 40 ms later, by the timer
  CHECK(trips.delayed() == 50);
  CHECK(trips.spread().count() == 50);
  CHECK(trips.spread().greatest() == ms(10));
  CHECK(trips.smoothed_ns() > ms(45));
  trips.add(ms(80), 2920, 1460,
            ms(10));  // two full segments are acknowledged at once: this one is the path's
  CHECK(trips.spread().greatest() == ms(80));
}

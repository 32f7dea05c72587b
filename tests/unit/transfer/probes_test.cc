#include <catch2/catch.hpp>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

template <class F>
void each(std::string_view script, F check) {
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    check(*history.transfer);
  }
}

constexpr TimeNs ms(double n) { return static_cast<TimeNs>(n * 1e6); }

}  // namespace

TEST_CASE("keep-alives, their answers and intervals") {
  each(R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+10   A > B  .  100:100(0) ack 1
+.01  A < B  .  1:1(0) ack 101
+5    A > B  .  100:100(0) ack 1  !lost
+2    A > B  .  100:100(0) ack 1  !lost
)",
       [](const TransferResults& facts) {
         const ProbeResults& probes = facts.probes[0];
         CHECK(probes.keepalives.count() == 3);
         CHECK(probes.answered == 1);
         CHECK(probes.idle_ns == ms(10010));
         CHECK(probes.longest_step_ns == ms(5010));
         CHECK(probes.shortest_step_ns == ms(2000));
         CHECK(probes.unanswered.count() == 2);
         CHECK(facts.probes[1].keepalives.count() == 0);
         CHECK(facts.windows[0].window_probes.count() == 0);
       });
}

TEST_CASE("an octet that was a segment of its own is a keep-alive only long after its ACK") {
  each(R"(
handshake
+.10  A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2
+.40  A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2
)",
       [](const TransferResults& facts) { CHECK(facts.probes[0].keepalives.count() == 0); });
  each(R"(
handshake
+.10  A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2
+60   A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2
)",
       [](const TransferResults& facts) { CHECK(facts.probes[0].keepalives.count() == 1); });
}

TEST_CASE("an octet that nobody acknowledged is sent again, however late") {
  each(R"(
handshake
+.10  A > B  P. 1:2(1) ack 1  !lost
+30   A > B  P. 1:2(1) ack 1  !lost
+60   A > B  P. 1:2(1) ack 1  !lost
)",
       [](const TransferResults& facts) {
         CHECK(facts.probes[0].keepalives.count() == 0);
         CHECK(facts.probes[0].unheard.retransmissions.count() == 2);
         CHECK(facts.probes[0].unheard.backed_off);
       });
}

TEST_CASE("a probe that left before the open window arrived is still a window probe") {
  // The server is 200 ms from the capture point, there and back.
  each(R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.20  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
+.20  A < B  .  1:1461(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
+.55  A > B  .  1:1(0) ack 1461 win 8760
+.10  A < B  .  1460:1460(0) ack 1
+.10  A < B  .  1461:2921(1460) ack 1
)",
       [](const TransferResults& facts) {
         CHECK(facts.windows[1].window_probes.count() == 1);
         CHECK(facts.probes[1].keepalives.count() == 0);
       });
}

TEST_CASE("probes that go on, since the news of the open window is lost, are window probes") {
  each(R"(
handshake
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.30  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.10  A < B  .  1:1(0) ack 1461 win 8760  !lost
+.50  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 8760
+.01  A > B  .  1461:2921(1460) ack 1
)",
       [](const TransferResults& facts) {
         CHECK(facts.windows[0].window_probes.count() == 2);
         CHECK(facts.probes[0].keepalives.count() == 0);
       });
  // Nothing was left to send: after an hour it is a keep-alive.
  each(R"(
handshake
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.30  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 8760
+3600 A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 8760
)",
       [](const TransferResults& facts) {
         CHECK(facts.windows[0].window_probes.count() == 1);
         CHECK(facts.probes[0].keepalives.count() == 1);
       });
}

TEST_CASE("resends without an answer: one burst counts once, and any segment of the peer ends them") {
  each(R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1     !lost
+0     A > B  .  1461:2921(1460) ack 1  !lost
+.25   A > B  .  1:1461(1460) ack 1     !lost
+.001  A > B  .  1461:2921(1460) ack 1  !lost
+.50   A > B  .  1:1461(1460) ack 1     !lost
)",
       [](const TransferResults& facts) {
         CHECK(facts.probes[0].unheard.retransmissions.count() == 2);
         CHECK(facts.probes[0].unheard.last_step_ns == ms(501));
       });
  each(R"(
handshake
+.10   A > B  P. 1:101(100) ack 1  !lost
+.25   A > B  P. 1:101(100) ack 1  !lost
+.50   A > B  P. 1:101(100) ack 1  !lost
+.10   A < B  P. 1:101(100) ack 1
)",
       [](const TransferResults& facts) { CHECK(facts.probes[0].unheard.retransmissions.count() == 0); });
}

TEST_CASE("an end that acknowledges news has heard its peer, though the capture has not") {
  each(R"(
handshake
+.10   A < B  P. 1:101(100) ack 1
+.01   A > B  P. 1:101(100) ack 101  !lost
+.25   A > B  P. 1:101(100) ack 101  !lost
+.40   A < B  P. 101:201(100) ack 1  !unseen
+.10   A > B  P. 1:101(100) ack 201  !lost
+1     A > B  P. 1:101(100) ack 201  !lost
)",
       [](const TransferResults& facts) { CHECK(facts.probes[0].unheard.retransmissions.count() < 3); });
}

TEST_CASE("silence of both ends, and what ends it") {
  each(R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+45   A < B  P. 1:101(100) ack 101
+.01  A > B  R  101:101(0)
)",
       [](const TransferResults& facts) {
         CHECK(facts.probes[1].silence.silence_ns == ms(45000));
         CHECK(facts.probes[1].silence.reset);
         CHECK(facts.probes[0].silence.silence_ns == 0);
       });
  each(R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+45   A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
)",
       [](const TransferResults& facts) { CHECK(facts.probes[1].silence.silence_ns == 0); });
}

TEST_CASE("a size that does not pass") {
  each(R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1(0) ack 201
+.10  A > B  .  201:1661(1460) ack 1    !lost
+0    A > B  P. 1661:1861(200) ack 1
+.01  A < B  .  1:1(0) ack 201 <sack 1661:1861>
+.22  A > B  .  201:1661(1460) ack 1    !lost
+.44  A > B  .  201:1661(1460) ack 1    !lost
+.88  A > B  .  201:1661(1460) ack 1    !lost
)",
       [](const TransferResults& facts) {
         const StuckSizeFacts& stuck = facts.probes[0].stuck;
         CHECK(stuck.size == 1460);
         CHECK(stuck.passed == 200);
         CHECK(stuck.sendings.count() == 3);
         CHECK(stuck.small_sacked);
         CHECK_FALSE(stuck.freed);
         CHECK(stuck.lasted_ns == ms(1320));
       });
}

TEST_CASE("a size that passed elsewhere is not stuck") {
  // The segment after the lost one arrives, and it is as large.
  each(R"(
handshake <mss 1460,sackOK>
+.10  A > B  .  1:1461(1460) ack 1      !lost
+0    A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 1 <sack 1461:2921>
+.22  A > B  .  1:1461(1460) ack 1      !lost
+.44  A > B  .  1:1461(1460) ack 1      !lost
+.88  A > B  .  1:1461(1460) ack 1      !lost
)",
       [](const TransferResults& facts) { CHECK(facts.probes[0].stuck.size == 0); });
}

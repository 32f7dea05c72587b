#include <catch2/catch.hpp>
#include <string>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

constexpr TimeNs ms(double n) { return static_cast<TimeNs>(n * 1e6); }
constexpr std::size_t kClient = index(Side::A), kServer = index(Side::B);

template <class Check>
void each(std::string_view script, Check check) {
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    check(history.transfer->turns);
  }
}

}  // namespace

TEST_CASE("requests and answers, with their sizes, writes and waits") {
  each(R"(
handshake
+.005  A > B  P. 1:101(100) ack 1
+.040  A < B  . 1:1461(1460) ack 101
+.001  A < B  P. 1461:2001(540) ack 101
+.010  A > B  . 101:101(0) ack 2001
+.100  A > B  P. 101:151(50) ack 2001
+.020  A < B  P. 2001:2101(100) ack 151
)",
       [](const TurnResults& turns) {
         CHECK(turns.turns[kClient] == 2);
         CHECK(turns.turns[kServer] == 2);
         CHECK(turns.bytes[kClient] == 150);
         CHECK(turns.bytes[kServer] == 2100);
         CHECK(turns.waits[kServer].count() == 2);
         CHECK(turns.waits[kServer].least() == ms(20));
         CHECK(turns.waits[kServer].greatest() == ms(40));
         CHECK(turns.waits[kClient].greatest() == ms(110));
         CHECK(turns.write_sizes[kServer].greatest() == 2000);
         CHECK(turns.write_sizes[kServer].least() == 100);
         CHECK(turns.overlapping[kClient] + turns.overlapping[kServer] == 0);
         CHECK(turns.several_writes[kClient] + turns.several_writes[kServer] == 0);
         REQUIRE(turns.first.size() == 4);
         CHECK(turns.first[0].wait_ns == -1);
         CHECK(turns.first[1].first.number == 5);
         CHECK(turns.first[1].bytes == 2000);
         CHECK(turns.first[1].writes == 1);
         CHECK(turns.first[1].last_ns - turns.first[1].first.time_ns == ms(1));
         CHECK(turns.first[2].wait_ns == ms(110));
       });
}

TEST_CASE("an answer before all of the request had come overlaps and is not timed") {
  each(R"(
handshake
+0     A > B  . 1:1461(1460) ack 1
+.004  A < B  P. 1:26(25) ack 1
+.010  A > B  P. 1461:2001(540) ack 26
+.010  A < B  P. 26:126(100) ack 2001
)",
       [](const TurnResults& turns) {
         CHECK(turns.overlapping[kServer] == 1);
         CHECK(turns.waits[kServer].count() == 1);
         CHECK(turns.first.at(1).overlaps);
         CHECK_FALSE(turns.first.at(3).overlaps);
       });
}

TEST_CASE("several writes in one turn are counted") {
  each(R"(
handshake
+0     A > B  P. 1:101(100) ack 1
+0     A > B  P. 101:201(100) ack 1
+.010  A < B  P. 1:101(100) ack 201
)",
       [](const TurnResults& turns) {
         CHECK(turns.turns[kClient] == 1);
         CHECK(turns.several_writes[kClient] == 1);
         CHECK(turns.first.at(0).writes == 2);
       });
}

TEST_CASE("what is sent again is no turn, but the wait counts from it") {
  each(R"(
handshake
+0     A > B  P. 1:101(100) ack 1  !lost
+.300  A > B  P. 1:101(100) ack 1
+.015  A < B  P. 1:101(100) ack 101
+.200  A < B  P. 1:101(100) ack 101
)",
       [](const TurnResults& turns) {
         CHECK(turns.turns[kClient] == 1);
         CHECK(turns.turns[kServer] == 1);
         CHECK(turns.bytes[kServer] == 100);
         CHECK(turns.waits[kServer].greatest() == ms(15));
         CHECK(turns.first.at(1).retransmitted);
         CHECK_FALSE(turns.first.at(0).retransmitted);
       });
}

TEST_CASE("keep-alives are no turns") {
  each(R"(
handshake
+0     A > B  P. 1:101(100) ack 1
+.010  A < B  P. 1:101(100) ack 101
+.010  A > B  . 101:101(0) ack 101
+60    A > B  . 100:101(1) ack 101
+.010  A < B  . 101:101(0) ack 101
+1     A > B  P. 101:201(100) ack 101
)",
       [](const TurnResults& turns) {
         CHECK(turns.turns[kClient] == 2);
         CHECK(turns.bytes[kClient] == 200);
         CHECK(turns.waits[kClient].greatest() == 61 * kSecond + ms(20));
       });
}

TEST_CASE("of many turns the first are listed and all are counted") {
  std::string script = "handshake\n";
  unsigned a = 1, b = 1;
  for (int i = 0; i < 200; ++i) {
    script += "+.001 A > B P. " + std::to_string(a) + ":" + std::to_string(a + 10) + "(10) ack " +
              std::to_string(b) + "\n";
    a += 10;
    script += "+.012 A < B P. " + std::to_string(b) + ":" + std::to_string(b + 20) + "(20) ack " +
              std::to_string(a) + "\n";
    b += 20;
  }
  each(script, [](const TurnResults& turns) {
    CHECK(turns.turns[kClient] == 200);
    CHECK(turns.waits[kServer].count() == 200);
    CHECK(turns.waits[kServer].median() == Approx(ms(12)).epsilon(0.02));
    CHECK(turns.first.size() == TurnResults::kTurnsKept);
  });
}

TEST_CASE("an end that sends by a clock of its own does not answer") {
  // The server sends each seven seconds; the client does so when it likes.
  each(R"(
handshake
repeat 6 {
+1    A > B  P. 1:20(19) ack 1
+6    A < B  P. 1:31(30) ack 20
+6    A > B  P. 20:39(19) ack 31
+1    A < B  P. 31:61(30) ack 39
}
)",
       [](const TurnResults& turns) {
         CHECK(turns.own_pace[kServer]);
         CHECK_FALSE(turns.own_pace[kClient]);
       });
  // The same waits, but each follows upon what the client asks each second after.
  each(R"(
handshake
repeat 6 {
+1    A > B  P. 1:20(19) ack 1
+6    A < B  P. 1:31(30) ack 20
+1    A > B  P. 20:39(19) ack 31
+1    A < B  P. 31:61(30) ack 39
}
)",
       [](const TurnResults& turns) { CHECK_FALSE(turns.own_pace[kServer]); });
}

TEST_CASE("heartbeats of both ends are no requests and answers") {
  each(R"(
handshake
repeat 5 {
+9    A > B  P. 1:20(19) ack 1
+6    A < B  P. 1:20(19) ack 20
}
)",
       [](const TurnResults& turns) { CHECK((turns.own_pace[kServer] && turns.own_pace[kClient])); });
  // The client asks again as soon as it has its answer.
  each(R"(
handshake
repeat 5 {
+.1   A > B  P. 1:20(19) ack 1
+6    A < B  P. 1:20(19) ack 20
}
)",
       [](const TurnResults& turns) { CHECK_FALSE(turns.own_pace[kServer]); });
  // A larger answer.
  each(R"(
handshake
repeat 5 {
+9    A > B  P. 1:20(19) ack 1
+6    A < B  P. 1:21(20) ack 20
}
)",
       [](const TurnResults& turns) { CHECK_FALSE(turns.own_pace[kServer]); });
}

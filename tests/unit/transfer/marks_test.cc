#include "analyzer/transfer/marks.h"

#include <catch2/catch.hpp>
#include <string>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

const std::string kEcn = R"(
+0     A > B  SEC  0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S.E  0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .    1:1(0) ack 1
)";

template <class Check>
void each(const std::string& script, Check check) {
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    check(history.transfer->marks[index(Side::A)], history.transfer->marks[index(Side::B)]);
  }
}

// Rounds of full segments from A, 20 ms apart; the fourth is answered with ECE, the fifth begins with CWR.
std::string rounds(int before, int after) {
  std::string script = kEcn;
  int at = 1;
  for (int round = 0; round < 8; ++round) {
    const int segments = round < 4 ? before : after;
    for (int i = 0; i < segments; ++i, at += 1460) {
      script += std::string(i == 0 && round > 0 ? "+.0002" : "+.0001") + " A > B " +
                (round == 4 && i == 0 ? ".C " : ". ") + std::to_string(at) + ":" + std::to_string(at + 1460) +
                "(1460) ack 1 ect\n";
    }
    script +=
        std::string("+.0192 A < B ") + (round == 3 ? ".E" : ".") + " 1:1(0) ack " + std::to_string(at) + "\n";
  }
  return script;
}

}  // namespace

TEST_CASE("whether the sender slowed down is seen by what it sends in a round trip") {
  each(rounds(10, 6), [](const MarkResults& a, const MarkResults&) {
    CHECK(a.ecn.mode == EcnMode::Classic);
    CHECK(a.ecn.echoes.count() == 1);
    CHECK(a.ecn.reductions.count() == 1);
    CHECK(a.ecn.slowed == 1);
    CHECK(a.ecn.not_slowed == 0);
  });
  each(rounds(10, 10), [](const MarkResults& a, const MarkResults&) {
    CHECK(a.ecn.slowed == 0);
    CHECK(a.ecn.not_slowed == 1);
  });
  each(rounds(2, 2), [](const MarkResults& a, const MarkResults&) {
    CHECK(a.ecn.echoes.count() == 1);
    CHECK(a.ecn.slowed + a.ecn.not_slowed == 0);
  });
}

TEST_CASE("ECE until CWR is one echo") {
  each(kEcn + R"(
+.1    A > B  .   1:1461(1460) ack 1 ect
+.02   A < B  .E  1:1(0) ack 1461
+.0001 A > B  .   1461:2921(1460) ack 1 ect
+.02   A < B  .E  1:1(0) ack 2921
+.0001 A > B  .C  2921:4381(1460) ack 1 ect
+.02   A < B  .   1:1(0) ack 4381
+.0001 A > B  .   4381:5841(1460) ack 1 ect
+.02   A < B  .E  1:1(0) ack 5841
)",
       [](const MarkResults& a, const MarkResults& b) {
         CHECK(a.ecn.echoes.count() == 2);
         CHECK(a.ecn.echo_segments == 3);
         CHECK(b.ecn.echoes.count() == 0);
       });
}

TEST_CASE("a SYN-ACK that returns all flags agrees on nothing") {
  each(R"(
+0     A > B  SECA 0:0(0) win 64000 <mss 1460>
+.020  A < B  S.ECA 0:0(0) ack 1 win 64000 <mss 1460>
+.0001 A > B  .    1:1(0) ack 1
+.1    A < B  .E   1:101(100) ack 1 ce
)",
       [](const MarkResults& a, const MarkResults& b) {
         CHECK(a.ecn.mode == EcnMode::Off);
         CHECK(a.ecn.echoes.count() == 0);
         CHECK(b.ecn.marked.count() == 1);  // whoever set it
       });
}

TEST_CASE("in the middle of a connection AE tells of AccECN's counter") {
  each(R"(
+0     A > B  .EA  1:101(100) ack 1 ect
+.02   A < B  .EA  1:1(0) ack 101
+.1    A > B  .EA  101:201(100) ack 1 ect
+.02   A < B  .EA  1:1(0) ack 201
+.1    A > B  .EA  201:301(100) ack 1 ect
+.02   A < B  .CEA 1:1(0) ack 301
+.1    A > B  .EA  301:401(100) ack 1 ect
+.02   A < B  .    1:1(0) ack 401
)",
       [](const MarkResults& a, const MarkResults& b) {
         CHECK(a.ecn.mode == EcnMode::Accurate);
         CHECK(a.ecn.echoed_marks == 3);  // from 5 over 7 to 8, which is 0
         CHECK(a.ecn.echoes.count() == 2);
         CHECK(a.ecn.reductions.count() == 0);
         CHECK(b.ecn.echoed_marks == 0);
       });
}

TEST_CASE("the fate of what came with a wrong checksum") {
  each(R"(
handshake
+.1    A > B  P. 1:101(100) ack 1 !badsum
+.02   A < B  .  1:1(0) ack 101
+.1    A > B  P. 101:201(100) ack 1 !badsum
+.3    A > B  P. 101:201(100) ack 1
+.02   A < B  .  1:1(0) ack 201
+.1    A > B  P. 201:301(100) ack 1 !badsum
)",
       [](const MarkResults& a, const MarkResults& b) {
         CHECK(a.checksums.bad == 3);
         CHECK(a.checksums.right == 3);
         CHECK(a.checksums.accepted == 1);
         CHECK(a.checksums.repeated == 1);
         CHECK(a.checksums.corrupted());
         CHECK(b.checksums.bad == 0);
       });
}

TEST_CASE("a RST's acknowledgment and an old number now and then are not strange") {
  each(R"(
handshake
+.1    A > B  P. 1:101(100) ack 1
+.02   A < B  .  1:1(0) ack 101
+.1    A < B  R. 1:1(0) ack 500000000
)",
       [](const MarkResults&, const MarkResults& b) {
         CHECK(b.strange.acks.count() == 0);
         CHECK_FALSE(b.strange.rewritten());
       });
}

TEST_CASE("a forged segment far ahead does not make the true ACKs strange") {
  each(R"(
handshake
+.1    A > B  P. 1:101(100) ack 1
+.02   A < B  .  1:1(0) ack 101
+.001  A > B  P. 200000000:200000100(100) ack 1
+.1    A > B  P. 101:201(100) ack 1
+.02   A < B  .  1:1(0) ack 201
+.1    A > B  P. 201:301(100) ack 1
+.02   A < B  .  1:1(0) ack 301
+.1    A > B  P. 301:401(100) ack 1
+.02   A < B  .  1:1(0) ack 401
)",
       [](const MarkResults&, const MarkResults& b) {
         CHECK(b.strange.acks.count() == 0);
         CHECK_FALSE(b.strange.rewritten());
       });
}

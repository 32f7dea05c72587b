#include "analyzer/transfer/small_sends.h"

#include <catch2/catch.hpp>
#include <string>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

constexpr TimeNs us(std::int64_t n) { return n * 1000; }
const std::string kOpen = R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1
)";
const std::string kOpenTimestamps = R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK,TS>
+.020  A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK,TS>
+.0001 A > B  .  1:1(0) ack 1
)";

template <class Check>
void each(const std::string& script, Check check) {
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    check(history.transfer->small_sends[index(Side::A)]);
  }
}

}  // namespace

TEST_CASE("the time lost is what the ACK is later than the path takes") {
  each(kOpen + R"(
+.10   A > B  P. 1:101(100) ack 1
+.061  A < B  .  1:1(0) ack 101
+.0001 A > B  P. 101:301(200) ack 1
+.020  A < B  P. 1:51(50) ack 301
)",
       [](const SmallSendResults& facts) {
         CHECK(facts.small_waits.incidents.count() == 1);
         CHECK(facts.small_waits.incidents.total_ns() == us(41'000));
         const auto frames = facts.small_waits.incidents.frames();
         REQUIRE(frames.size() == 3);
         CHECK(frames[0].number == 4);
         CHECK(frames[1].number == 5);
         CHECK(frames[2].number == 6);
         CHECK_FALSE(facts.held_by_nagle());  // one, and not over 100 ms
         CHECK(facts.other_waits.incidents.count() == 0);
       });
}

TEST_CASE("an ACK that is 34 ms late is no delayed ACK, one of 36 ms is") {
  const auto script = [](const std::string& wait) {
    return kOpen + "+.10   A > B  P. 1:101(100) ack 1\n+" + wait +
           "  A < B  .  1:1(0) ack 101\n+.0001 A > B  P. 101:301(200) ack 1\n";
  };
  each(script(".054"), [](const SmallSendResults& f) { CHECK(f.small_waits.incidents.count() == 0); });
  each(script(".056"), [](const SmallSendResults& f) { CHECK(f.small_waits.incidents.count() == 1); });
  each(script(".619"), [](const SmallSendResults& f) { CHECK(f.small_waits.incidents.count() == 1); });
  each(script(".630"), [](const SmallSendResults& f) { CHECK(f.small_waits.incidents.count() == 0); });
}

TEST_CASE("a sender that often does not wait has Nagle's algorithm off") {
  std::string script = kOpen;
  for (int i = 0, at = 1; i < 4; ++i, at += 400) {
    const auto seg = [](int from, int n) {
      return std::to_string(from) + ":" + std::to_string(from + n) + "(" + std::to_string(n) + ") ack 1\n";
    };
    script += "+.2 A > B P. " + seg(at, 100) + "+.0001 A > B P. " + seg(at + 100, 100) +
              "+.06 A < B . 1:1(0) ack " + std::to_string(at + 200) + "\n+.0001 A > B P. " +
              seg(at + 200, 200) + "+.02 A < B . 1:1(0) ack " + std::to_string(at + 400) + "\n";
  }
  each(script, [](const SmallSendResults& facts) {
    CHECK(facts.small_waits.incidents.count() == 4);
    CHECK(facts.not_waiting == 4);
    CHECK_FALSE(facts.held_by_nagle());
  });
}

TEST_CASE("a SACK or a newer echoed timestamp in the ACK tells of a loss") {
  each(kOpen + R"(
+.10   A > B  P. 1:101(100) ack 1
+.300  A < B  .  1:1(0) ack 101 <sack 1:51>
+.0001 A > B  P. 101:301(200) ack 1
)",
       [](const SmallSendResults& facts) { CHECK(facts.small_waits.incidents.count() == 0); });
  each(kOpenTimestamps + R"(
+.10   A > B  P. 1:101(100) ack 1 <TS val 5000 ecr 1>
+.300  A < B  .  1:1(0) ack 101   <TS val 9000 ecr 5220>
+.0001 A > B  P. 101:301(200) ack 1 <TS val 5300 ecr 9000>
)",
       [](const SmallSendResults& facts) { CHECK(facts.small_waits.incidents.count() == 0); });
}

TEST_CASE("a segment that echoes an older timestamp than the ACK's did not wait for it") {
  const auto script = [](const std::string& echo) {
    return kOpenTimestamps +
           "+.10   A > B  P. 1:101(100) ack 1 <TS val 5000 ecr 1>\n"
           "+.300  A < B  .  1:1(0) ack 101   <TS val 9000 ecr 5000>\n"
           "+.0001 A > B  P. 101:301(200) ack 1 <TS val 5300 ecr " +
           echo + ">\n";
  };
  each(script("9000"), [](const SmallSendResults& f) {
    CHECK(f.held_by_nagle());
    CHECK(f.not_waiting == 0);
  });
  each(script("8700"), [](const SmallSendResults& f) {
    CHECK_FALSE(f.held_by_nagle());
    CHECK(f.not_waiting == 1);
  });
}

TEST_CASE("a FIN with the last data does not wait, and is no proof of waiting") {
  each(kOpen + R"(
+.10   A > B  P. 1:101(100) ack 1
+.220  A < B  .  1:1(0) ack 101
+.0001 A > B  FP. 101:301(200) ack 1
)",
       [](const SmallSendResults& facts) { CHECK(facts.small_waits.incidents.count() == 0); });
}

TEST_CASE("what was lost, missed or reordered before leaves no ACK to trust") {
  each(kOpen + R"(
+.10   A > B  .  1461:2921(1460) ack 1
+.001  A > B  P. 2921:3021(100) ack 1
+.300  A < B  .  1:1(0) ack 3021
+.0001 A > B  P. 3021:3121(100) ack 1
)",
       [](const SmallSendResults& facts) { CHECK(facts.small_waits.incidents.count() == 0); });
}

TEST_CASE("tiny segments count by bursts inside a round trip") {
  std::string script = kOpen;
  for (int i = 0; i < 120; ++i) {
    const int at = 1 + i * 10;
    script += std::string(i == 60 ? "+.5" : "+.0002") + " A > B P. " + std::to_string(at) + ":" +
              std::to_string(at + 10) + "(10) ack 1\n";
  }
  each(script, [](const SmallSendResults& facts) {
    CHECK(facts.tiny_bursts.count() == 2);
    CHECK(facts.tiny_segments == 120);
    CHECK(facts.tiny_bytes == 1200);
    CHECK(facts.tiny_bursts.longest_ns() == us(59 * 200));
  });
}

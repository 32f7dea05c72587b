// What a summary says where the same finding has more than one course of events behind it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "analyzer/detect/evidence.h"
#include "tests/support/conclude.h"
#include "tests/support/format.h"
#include "tests/support/tap_player.h"

namespace tcpautopsy {
namespace {

std::string summary_of(std::string_view id, std::string_view text, std::uint64_t others_opened = 0) {
  const tap::Playback playback = tap::play(tap::parse_script(text), 0, 1);
  ConcludeSettings settings;
  settings.capture_end_ns = playback.capture_end_ns;
  settings.services = others_opened;
  for (const Concluded& flow : conclude(playback.captured, settings).flows)
    for (const Finding& finding : flow.findings)
      if (finding.id == id) return finding.summary;
  return "";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an ICMP error stops a connect only where the SYN does not go on") {
  const std::string stopped = summary_of("connection_refused", R"(
+0    A > B  S  0:0(0) <mss 1460>
+.01  icmp to A type 3 code 13 quotes 0
end +60
)");
  CHECK(has(stopped, " was stopped after 10 ms by an ICMP error"));
  CHECK_FALSE(has(stopped, "retransmitted"));
  const std::string went_on = summary_of("connection_refused", R"(
+0    A > B  S  0:0(0) <mss 1460>
+.01  icmp to A type 3 code 13 quotes 0
+.99  A > B  S  0:0(0) <mss 1460>
end +60
)");
  CHECK(has(went_on, " was answered after 10 ms by an ICMP error"));
  CHECK(has(went_on, "; the client retransmitted its SYN."));
  CHECK_FALSE(has(went_on, "stopped"));
}

TEST_CASE("what a round trip allows is told where it is what the sender waits for") {
  const auto told = [](std::string_view back, std::string_view window) {
    return summary_of("window_limited",
                      fmt::format("handshake <mss 1460>\n+.01  A > B  P. 1:101(100) ack 1 win {1}\n"
                                  "repeat 80 {{\n+.0001  A < B  .  1:{2}({1}) ack 101\n"
                                  "+{0}   A > B  .  101:101(0) ack {2} win {1}\n}}\n",
                                  back, window, std::stoi(std::string(window)) + 1));
  };
  const std::string delayed = told(".04", "1460");
  CHECK(has(delayed, "it waited 40 ms each time over a round trip of "));
  CHECK_FALSE(has(delayed, "allows at most"));
  CHECK(has(told(".01", "1460"), " that allows at most 144 kB/s"));
  CHECK(has(told(".0001", "14600"), " MB/s"));
  CHECK(rate_text(2.7223e9) == "2.7 GB/s");
}

TEST_CASE("other octets at the same numbers are one packet's copy only with its IP ID") {
  const auto told = [](int id) {
    return summary_of("overlap_conflict",
                      fmt::format("handshake\n+.10  A > B  P. 1:101(100) ack 1 id 7 !lost\n"
                                  "+.30  A > B  P. 1:101(100) ack 1 id {} !other\n"
                                  "+.01  A < B  .  1:1(0) ack 101\n",
                                  id));
  };
  CHECK(has(told(7), "one packet and a copy, altered"));
  CHECK(has(told(8), "same sequence numbers."));
}

TEST_CASE("odd flags are printed where their kind does not say all") {
  CHECK(has(summary_of("bad_flag_combination", "+0  A > B  FPU  0:0(0)\n"), "(FIN+PSH+URG)."));
  CHECK(has(summary_of("bad_flag_combination", "+0  A > B  F  0:0(0)\n"), "FIN without ACK once."));
}

TEST_CASE("a challenge is said to be answered by RST only where that RST is the answer") {
  const std::string answered = summary_of("challenge_ack", R"(
handshake
+1    A > B  S  500000000:500000000(0)
+.01  A < B  .  1:1(0) ack 1
+.01  A > B  R  1:1(0)
)");
  CHECK(has(answered, "the peer replied with RST"));
  const std::string forged = summary_of("challenge_ack", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+1    A > B  R  5101:5101(0) ttl 200
+.01  A < B  .  1:1(0) ack 101
+.01  A > B  R  9101:9101(0) ttl 200
+1    A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 201
)");
  CHECK(has(forged, "a challenge"));
  CHECK_FALSE(has(forged, "replied"));
}

TEST_CASE("silence that ICMP breaks is told with its reason") {
  const std::string refused = summary_of("peer_unresponsive", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.01  icmp to A type 3 code 3 quotes 1
+.22  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1  !lost
+.88  A > B  P. 1:101(100) ack 1  !lost
end +1
)");
  CHECK(has(refused, "no segment came from the server"));
  CHECK(has(refused, "tells why: port unreachable."));
}

TEST_CASE("a service that others reach is not down") {
  constexpr std::string_view kTimedOut = R"(
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
+2    A > B  S  0:0(0)  <mss 1460>
end +20
)";
  CHECK_FALSE(has(summary_of("connect_timeout", kTimedOut), "opened"));
  CHECK(has(summary_of("connect_timeout", kTimedOut, 3), " 3 other connections to the port opened"));
}

TEST_CASE("of probes in one direction nothing is said about answers") {
  const std::string probes = summary_of("keepalive", R"(
+0    A > B  P. 1:101(100) ack 1
+75   A > B  .  100:100(0) ack 1
+75   A > B  .  100:100(0) ack 1
)");
  CHECK(has(probes, "the direction of the answers was not captured"));
  CHECK_FALSE(has(probes, "answered"));
}

TEST_CASE("a timeout tells why nothing came back where packets show it") {
  const std::string refused = summary_of("retransmission_timeout", R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000>
+.01  A < B  P. 1:301(300) ack 101    <TS val 500100 ecr 900100>
+.01  A > B  .  101:101(0) ack 301    <TS val 900120 ecr 500100>
+1    A > B  P. 101:201(100) ack 301  <TS val 1100 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501200 ecr 900120>
+.25  A > B  P. 101:201(100) ack 301  <TS val 1350 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501460 ecr 900120>
+.50  A > B  P. 101:201(100) ack 301  <TS val 1850 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501960 ecr 900120>
+1    A > B  P. 101:201(100) ack 301  <TS val 2850 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 502970 ecr 900120>
)");
  CHECK(has(refused, "the server refused 4 segments"));
  CHECK(has(refused, "(PAWS): they did arrive"));
  const std::string acked = summary_of("retransmission_timeout", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1
+.02  A < B  .  1:1(0) ack 101         !lost
+.60  A > B  P. 1:101(100) ack 1
+.02  A < B  .  1:1(0) ack 101         !lost
+1.2  A > B  P. 1:101(100) ack 1
+.02  A < B  .  1:1(0) ack 101
)");
  CHECK(has(acked, "lost or late on their way to the client"));
}

}  // namespace tcpautopsy

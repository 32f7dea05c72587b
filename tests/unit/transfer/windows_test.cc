#include <catch2/catch.hpp>
#include <string>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

template <class F>
void each(std::string_view script, F check) {
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    check(history.transfer->windows);
  }
}

constexpr TimeNs ms(double n) { return static_cast<TimeNs>(n * 1e6); }

// A bulk transfer of `rounds` windows of two segments over a path of `path_ms` between the server and the
// capture point; the client acknowledges after 1 ms and offers `window`.
std::string bulk(int rounds, double path_ms, int window) {
  std::string script =
      "handshake <mss 1460>\n+.10 A > B P. 1:101(100) ack 1 win " + std::to_string(window) + "\n";
  long at = 1;
  for (int i = 0; i < rounds; ++i) {
    for (int k = 0; k < 2; ++k) {
      script += "+" + std::to_string(k == 0 ? path_ms / 1000 : 0.0001) + " A < B . " + std::to_string(at) +
                ":" + std::to_string(at + 14600) + "(14600) ack 101\n";
      at += 14600;
    }
    script += "+.001 A > B . 101:101(0) ack " + std::to_string(at) + " win " + std::to_string(window) + "\n";
  }
  return script;
}

}  // namespace

TEST_CASE("an episode lasts from the ACK that closes the window to the one that opens it") {
  each(R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.14  A < B  .  1:1(0) ack 1461 win 8760
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921
)",
       [](const auto& windows) {
         CHECK(windows[1].zero_windows.count() == 1);
         CHECK(windows[1].zero_windows.total_ns() == ms(400));
         CHECK(windows[1].zero_window_segments == 2);
         CHECK(windows[1].stalls_probed == 1);
         CHECK(windows[0].window_probes.count() == 1);
         CHECK(windows[0].zero_windows.count() == 0);
         // The peer had room left when it closed: it is told as held from its first probe on.
         CHECK(windows[1].zero_window_stalls.total_ns() == ms(150));
         CHECK_FALSE(windows[1].closed_at_end);
         CHECK(windows[1].probes_unanswered == 0);
       });
}

TEST_CASE("a peer at the edge is held from the moment the window closes") {
  each(R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 1460
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.20  A < B  .  1:1(0) ack 1461 win 1460
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921 win 0
)",
       [](const auto& windows) {
         CHECK(windows[1].zero_windows.count() == 2);
         CHECK(windows[1].zero_window_stalls.count() == 2);
         CHECK(windows[1].zero_window_stalls.longest_ns() == ms(200));
         CHECK(windows[1].stalls_resumed == 1);
         CHECK(windows[1].closed_at_end);
       });
}

TEST_CASE("an older ACK neither closes nor opens a window") {
  each(R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921 win 0
+.001 A < B  .  1:1(0) ack 1461 win 1460
+.25  A > B  .  2920:2920(0) ack 1
+.01  A < B  .  1:1(0) ack 2921 win 8760
+.01  A > B  .  2921:4381(1460) ack 1
)",
       [](const auto& windows) {
         CHECK(windows[1].zero_windows.count() == 1);
         CHECK(windows[0].window_probes.count() == 1);
       });
}

TEST_CASE("probes that meet silence are counted until the peer is heard") {
  each(R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.50  A > B  .  1460:1460(0) ack 1  !lost
+1    A > B  .  1460:1460(0) ack 1  !lost
end +5
)",
       [](const auto& windows) {
         CHECK(windows[0].window_probes.count() == 3);
         CHECK(windows[1].probes_unanswered == 2);
         CHECK(windows[1].last_step_ns == ms(1000));
         CHECK(windows[1].closed_at_end);
       });
}

TEST_CASE("a RST ends an episode") {
  each(R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.25  A > B  R. 1461:1461(0) ack 1
)",
       [](const auto& windows) {
         CHECK(windows[1].zero_windows.total_ns() == ms(500));
         CHECK(windows[1].zero_window_stalls.count() == 1);
         CHECK_FALSE(windows[1].closed_at_end);
       });
}

TEST_CASE("a window of 0 is known without the scale") {
  each(R"(
+0    A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 100
)",
       [](const auto& windows) {
         CHECK(windows[1].zero_window_stalls.count() == 1);
         CHECK(windows[0].window_probes.count() == 1);
         CHECK(windows[0].beyond_window.count() == 0);
       });
}

TEST_CASE("time at the edge is counted against sending time, wherever the capture point is") {
  for (const double path_ms : {0.2, 40.0, 160.0}) {
    INFO(path_ms);
    each(bulk(8, path_ms, 29200), [](const auto& windows) {
      const WindowLimitFacts& limit = windows[0].limit;
      CHECK(limit.bytes == 8 * 29200);
      CHECK(limit.sending_ns > 0);
      CHECK(limit.limited_ns * 10 > limit.sending_ns * 8);
      CHECK(limit.largest_window == 29200);
      CHECK(limit.smallest_window == 29200);
    });
    each(bulk(8, path_ms, 44000),
         [](const auto& windows) { CHECK(windows[0].limit.limited_ns * 20 < windows[0].limit.sending_ns); });
  }
}

TEST_CASE("steps of the edge are silly only where the peer waits for it") {
  each(R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 4380
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 3000
+.01  A < B  .  1:1(0) ack 1461 win 3100
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A > B  .  2921:4381(1460) ack 1
+.01  A < B  .  1:1(0) ack 4381 win 180
+.01  A > B  .  4381:4561(180) ack 1
+.01  A < B  .  1:1(0) ack 4561 win 300
+.01  A < B  .  1:1(0) ack 4561 win 2920
)",
       [](const auto& windows) {
         CHECK(windows[1].silly_steps.count() == 1);
         CHECK(windows[1].smallest_step == 300);
         CHECK(windows[0].silly_steps.count() == 0);
       });
}

TEST_CASE("data beyond the edge are judged by the widest offer") {
  each(R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 2920
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A > B  .  2921:3021(100) ack 1
+.05  A < B  .  1:1(0) ack 2921 win 0
)",
       [](const auto& windows) {
         CHECK(windows[0].beyond_window.count() == 1);
         CHECK(windows[0].beyond_octets == 100);
         CHECK(windows[0].beyond_refused == 1);
         CHECK_FALSE(windows[0].beyond_with_gaps);
       });
}

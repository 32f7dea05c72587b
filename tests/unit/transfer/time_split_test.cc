#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "analyzer/report/summary/where_time_went.h"
#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"
#include "tests/support/simulator.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

// Milliseconds by cause; what is not named must be nothing.
using Expected = std::map<std::string, double>;

void check(std::string_view script, const Expected& expected, double tolerance_ms = 0.001) {
  for (const FlowHistory& history : traces_of(script)) {
    const auto shares = where_time_went(history);
    REQUIRE(shares);
    CHECK(shares->whole() == history.trace.last.time_ns - history.trace.first.time_ns);
    for (std::size_t i = 0; i < kTimeCauses; ++i) {
      const auto cause = static_cast<TimeCause>(i);
      const std::string name(field_name(cause));
      const auto found = expected.find(name);
      INFO(name);
      const double ms = static_cast<double>(shares->of(cause)) / 1e6;
      CHECK(ms == Approx(found == expected.end() ? 0 : found->second).margin(tolerance_ms));
    }
  }
}

}  // namespace

// The capture point of `handshake` is 10 ms (there and back) from either end.
TEST_CASE("a slow server and a client that thinks") {
  check(R"(
handshake
+.005  A > B  P. 1:101(100) ack 1
+.510  A < B  P. 1:1001(1000) ack 101
+.250  A > B  P. 101:201(100) ack 1001
+.010  A < B  P. 1001:2001(1000) ack 201
+.004  A > B  F. 201:201(0) ack 2001
+.010  A < B  F. 2001:2001(0) ack 202
+.004  A > B  . 202:202(0) ack 2002
)",
        {{"handshake", 20},
         {"client_application", 5 + 240},
         {"server_application", 500},
         {"network", 10 + 10 + 10 + 4},  // the FIN came sooner than the round trip of the handshake
         {"closing", 14}});
}

TEST_CASE("the server speaks first, after the round trip it needs") {
  check(R"(
handshake
+.030  A < B  P. 1:51(50) ack 1
)",
        {{"handshake", 20}, {"network", 10}, {"server_application", 20}});
}

TEST_CASE("long silence is idle when the client is to speak, and waiting when the server is") {
  check(R"(
handshake
+.001  A > B  P. 1:101(100) ack 1
+.011  A < B  P. 1:1001(1000) ack 101
+.001  A > B  . 101:101(0) ack 1001
+30    A > B  P. 101:201(100) ack 1001
+.010  A < B  . 1001:1001(0) ack 201
+20    A < B  P. 1001:2001(1000) ack 201
)",
        {{"handshake", 20},
         {"client_application", 1},
         {"network", 10 + 1 + 10},  // the ACK alone shows the client one millisecond away
         {"server_application", 1 + 20000},
         {"idle", 30000}});
}

TEST_CASE("a full window waits for the receiver") {
  check(R"(
+0     A > B  S 0:0(0) win 4000 <mss 1000>
+.010  A < B  S. 0:0(0) ack 1 win 2000 <mss 1000>
+.010  A > B  . 1:1(0) ack 1 win 4000
+0     A > B  . 1:1001(1000) ack 1 win 4000
+.020  A > B  . 1001:2001(1000) ack 1 win 4000
+.100  A < B  . 1:1(0) ack 2001 win 2000
+.010  A > B  . 2001:3001(1000) ack 1 win 4000
+0     A > B  . 3001:4001(1000) ack 1 win 4000
+.100  A < B  . 1:1(0) ack 4001 win 2000
+.010  A > B  . 4001:5001(1000) ack 1 win 4000
)",
        {{"handshake", 20}, {"sender_application", 20}, {"receive_window", 220}});
}

TEST_CASE("a closed window, with what filled it before and the way of its opening after") {
  check(R"(
handshake <mss 1000>
+0     A > B  . 1:1001(1000) ack 1
+.010  A < B  . 1:1(0) ack 1001 win 0
+.300  A > B  . 1000:1000(0) ack 1
+.010  A < B  . 1:1(0) ack 1001 win 0
+.400  A < B  . 1:1(0) ack 1001 win 4000
+.010  A > B  . 1001:2001(1000) ack 1
)",
        {{"handshake", 20}, {"receive_window", 10}, {"zero_window", 720}});
}

TEST_CASE("data sent again, and what follows until it is acknowledged") {
  check(R"(
handshake <mss 1000>
+0     A > B  . 1:1001(1000) ack 1   !lost
+.300  A > B  . 1:1001(1000) ack 1
+.005  A > B  . 1001:2001(1000) ack 1
+.010  A < B  . 1:1(0) ack 2001
+.050  A < B  P. 1:101(100) ack 2001
)",
        {{"handshake", 20}, {"loss_recovery", 305}, {"network", 10}, {"server_application", 50}});
}

TEST_CASE("data sent again with new data behind them") {
  check(R"(
handshake <mss 1000>
+0     A > B  P. 1:301(300) ack 1   !lost
+.300  A > B  P. 1:801(800) ack 1
+.010  A < B  . 1:1(0) ack 801
+.050  A < B  P. 1:101(100) ack 801
)",
        {{"handshake", 20}, {"loss_recovery", 300}, {"network", 10}, {"server_application", 50}});
  // The octet of a window probe is taken for nothing: what follows begins with it.
  check(R"(
handshake <mss 1000>
+0     A > B  . 1:1001(1000) ack 1
+.010  A < B  . 1:1(0) ack 1001 win 0
+.300  A > B  . 1001:1002(1) ack 1
+.010  A < B  . 1:1(0) ack 1001 win 4000
+.010  A > B  . 1001:2001(1000) ack 1
)",
        {{"handshake", 20}, {"receive_window", 10}, {"zero_window", 320}});
}

TEST_CASE("a small segment that leaves with a delayed ACK of the one before") {
  check(R"(
handshake
+0     A > B  P. 1:101(100) ack 1
+.050  A < B  . 1:1(0) ack 101
+.010  A > B  P. 101:201(100) ack 1
+.010  A < B  P. 1:101(100) ack 201
)",
        {{"handshake", 20}, {"nagle_delayed_ack", 60}, {"network", 10}});
}

TEST_CASE("a small segment long after the delayed ACK waited for its application") {
  check(R"(
handshake
+0     A > B  P. 1:101(100) ack 1
+.050  A < B  . 1:1(0) ack 101
+.200  A > B  P. 101:201(100) ack 1
)",
        {{"handshake", 20}, {"sender_application", 250}});
}

TEST_CASE("bursts that double and leave with ACKs are slow start, until they grow no more") {
  const std::string script = R"(
handshake <mss 1000>
+.010  A < B  . 1:1001(1000) ack 1
+0     A < B  . 1001:2001(1000) ack 1
+.010  A > B  . 1:1(0) ack 2001 win 60000
+.010  A < B  . 2001:3001(1000) ack 1
+0     A < B  . 3001:4001(1000) ack 1
+0     A < B  . 4001:5001(1000) ack 1
+0     A < B  . 5001:6001(1000) ack 1
+.010  A > B  . 1:1(0) ack 6001 win 60000
+.010  A < B  . 6001:7001(1000) ack 1
+0     A < B  . 7001:8001(1000) ack 1
+0     A < B  . 8001:9001(1000) ack 1
+0     A < B  . 9001:10001(1000) ack 1
+.010  A > B  . 1:1(0) ack 10001 win 60000
+.010  A < B  . 10001:11001(1000) ack 1
+0     A < B  . 11001:12001(1000) ack 1
+0     A < B  . 12001:13001(1000) ack 1
+0     A < B  . 13001:14001(1000) ack 1
+.010  A > B  . 1:1(0) ack 14001 win 60000
+.010  A < B  . 14001:15001(1000) ack 1
)";
  for (const FlowHistory& history : traces_of(script)) {
    const auto shares = where_time_went(history);
    REQUIRE(shares);
    INFO(where_time_went_text(*shares));
    CHECK(shares->of(TimeCause::SlowStart) + shares->of(TimeCause::CongestionWindow) == 80'000'000);
    CHECK(shares->of(TimeCause::SlowStart) >= 40'000'000);
    CHECK(shares->of(TimeCause::CongestionWindow) >= 20'000'000);
  }
}

TEST_CASE("data after the other's FIN is judged as any, the rest is closing") {
  check(R"(
handshake
+0     A > B  FP. 1:101(100) ack 1
+.010  A < B  . 1:1(0) ack 102
+.400  A < B  P. 1:101(100) ack 102
+.100  A < B  F. 101:101(0) ack 102
+.010  A > B  . 102:102(0) ack 102
)",
        {{"handshake", 20}, {"network", 10}, {"server_application", 400}, {"closing", 110}});
}

TEST_CASE("a connect that nobody answers is all handshake") {
  check(R"(
+0  A > B  S 0:0(0) <mss 1460>
+1  A > B  S 0:0(0) <mss 1460>
+2  A > B  S 0:0(0) <mss 1460>
+0  A < B  S. 0:0(0) ack 1 <mss 1460>
+.1 A > B  R 1:1(0)
)",
        {{"handshake", 3100}});
}

TEST_CASE("the handshake lasts until the server needs not repeat its SYN-ACK") {
  check(R"(
+0     A > B  S 0:0(0) <mss 1460>
+.010  A < B  S. 0:0(0) ack 1 <mss 1460>
+.010  A > B  . 1:1(0) ack 1   !lost
+.990  A < B  S. 0:0(0) ack 1 <mss 1460>
+.010  A > B  . 1:1(0) ack 1
+.100  A > B  P. 1:101(100) ack 1
)",
        {{"handshake", 1020}, {"client_application", 100}});
}

TEST_CASE("the server gives an idle client up: it waited for the client") {
  check(R"(
handshake
+0     A > B  P. 1:101(100) ack 1
+.010  A < B  P. 1:101(100) ack 101
+.010  A > B  . 101:101(0) ack 101
+5     A < B  F. 101:101(0) ack 101
)",
        {{"handshake", 20}, {"network", 20}, {"client_application", 5000}});
}

TEST_CASE("one direction alone tells nothing of causes") {
  for (const FlowHistory& history :
       traces_of("+0  A > B  . 1:101(100) ack 1\n+.1  A > B  . 101:201(100) ack 1\n"))
    CHECK_FALSE(where_time_went(history));
}

TEST_CASE("the shares of any connection add up to its life") {
  std::size_t seen = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    sim::Weather weather;
    weather.reorder_before_tap = seed % 2 == 0;
    weather.capture_loss = seed % 3 == 0;
    weather.capture_starts_late = seed % 5 == 0;
    sim::Run run = sim::simulate(seed, weather);
    if (seed % 7 == 0) {  // a clock that is set back now and then
      std::mt19937_64 random(seed);
      for (Captured& captured : run.captured)
        if (random() % 8 == 0) captured.frame.time_ns -= static_cast<TimeNs>(random() % kSecond);
    }
    ConcludeSettings settings;
    settings.capture_end_ns = run.capture_end_ns;
    for (const Concluded& flow : conclude(run.captured, settings).flows) {
      const FlowTrace& trace = flow.history.trace;
      const auto shares = where_time_went(flow.history);
      if (!shares) continue;
      ++seen;
      CHECK(shares->whole() == std::max<TimeNs>(0, trace.last.time_ns - trace.first.time_ns));
      for (const auto& both : shares->ns)
        for (const TimeNs part : both) CHECK(part >= 0);
    }
  }
  CHECK(seen > 300);
}

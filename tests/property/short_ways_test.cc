// Plain segments are followed in a shorter way than others. What is told is what the long way tells.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/flow_lines.h"
#include "tests/support/conclude.h"
#include "tests/support/scenes.h"

namespace tcpautopsy {
namespace {

// All that is told of the connections.
std::string told(const std::vector<Captured>& input, ConcludeSettings settings, bool long_way) {
  static const std::vector<std::string> files{"run.pcap"};
  const Origin origin{files, no_encapsulation()};
  settings.long_way = long_way;
  std::string text;
  for (Concluded& flow : conclude(input, settings).flows) {
    const FlowResult result{std::move(flow.history), std::move(flow.findings)};
    append_flow_json(text, result, origin);
    text += '\n';
    for (const Finding& finding : result.findings) {
      append_finding_json(text, {finding, &result.history.trace}, origin);
      text += '\n';
    }
  }
  return text;
}

void compare(const std::vector<Captured>& input, TimeNs end_ns) {
  ConcludeSettings settings;
  settings.capture_end_ns = end_ns;
  REQUIRE(told(input, settings, false) == told(input, settings, true));
}

}  // namespace

TEST_CASE("of simulated connections the short ways tell what the long ones do") {
  std::uint64_t seed = 40'000;
  for (const sim::Weather& weather : kUsualSkies)
    for (int run = 0; run < 1'000; ++run, ++seed) {
      INFO("seed " << seed);
      const sim::Run one = sim::simulate(seed, weather);
      compare(one.captured, one.capture_end_ns);
    }
}

TEST_CASE("of the scripts the short ways tell what the long ones do") {
  each_script(std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "tests" / "scripts",
              [](const std::vector<Captured>& input) {
                if (!input.empty()) compare(input, input.back().frame.time_ns + 100 * kSecond);
              });
}

// RFC 5681 2: an ACK is a duplicate only if the window is the one of the segment before, which may have data.
TEST_CASE("a window that came with data is known when ACKs repeat it") {
  const auto script = tap::parse_script(
      "handshake\n"
      "+.10  A < B  . 1:1001(1000) ack 1\n"
      "+.01  A < B  . 1001:2001(1000) ack 1\n"
      "+.01  A > B  P. 1:11(10) ack 1 win 5000\n"
      "+.01  A > B  . 11:11(0) ack 1 win 5000\n"
      "+.01  A > B  . 11:11(0) ack 1 win 5000\n");
  const std::vector<Captured> input = tap::play(script, 1000, 1).captured;
  const TimeNs end_ns = input.back().frame.time_ns;
  compare(input, end_ns);
  ConcludeSettings settings;
  settings.capture_end_ns = end_ns;
  const Conclusions conclusions = conclude(input, settings);
  CHECK(conclusions.flows.front().history.transfer->retransmissions[0].duplicate_acks == 2);
}

}  // namespace tcpautopsy

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

}  // namespace tcpautopsy

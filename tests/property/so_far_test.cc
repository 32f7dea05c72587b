// What is told of a connection while it is read is what the capture says that ends there.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "analyzer/analysis/analysis.h"
#include "tests/support/conclude.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {
namespace {

const std::filesystem::path kRoot(TCPAUTOPSY_SOURCE_DIR);
constexpr std::uint32_t kIsn = 0xfffffffe, kSeed = 9293;
// Longer scripts are of many connections that are all alike.
constexpr std::size_t kMostPackets = 120;

AnalysisOptions options_of(const tap::Script& script) {
  AnalysisOptions options;
  options.profile = Profile::named(script.profile).value();
  options.keep_all = [](std::uint64_t) { return true; };
  return options;
}

std::optional<std::uint64_t> add(Analysis& analysis, const Captured& captured) {
  if (const auto* segment = std::get_if<TcpSegment>(&captured.what))
    return analysis.add(*segment, captured.frame);
  return analysis.add(std::get<IcmpError>(captured.what), captured.frame);
}

std::map<std::uint64_t, FlowResult> concluded(const tap::Script& script, const std::vector<Captured>& input,
                                              std::size_t count) {
  std::map<std::uint64_t, FlowResult> flows;
  Analysis analysis(options_of(script),
                    [&](const FlowResult& flow) { flows.emplace(flow.history.trace.number, flow); });
  for (std::size_t i = 0; i < count; ++i) add(analysis, input[i]);
  analysis.finish();
  return flows;
}

// The states of both ends after each packet, and at the end.
std::string states_of(const FlowHistory& history) {
  std::string text;
  for (RecordIndex i = 0; i < history.records().size(); ++i) {
    const Belief& belief = history.beliefs[i];
    text += fmt::format("frame {}:", history.records()[i].frame.number);
    for (const std::size_t side : {0U, 1U})
      text += fmt::format(" {} of {}", name(belief.likely[side]), to_string(belief.kept[side]));
    text += '\n';
  }
  for (const Side side : {Side::A, Side::B}) text += fmt::format("{} ", name(history.outcome(side).final));
  return text;
}

void compare(const tap::Script& script) {
  const std::vector<Captured> input = tap::play(script, kIsn, kSeed).captured;
  if (input.size() > kMostPackets) return;
  Analysis analysis(options_of(script), [](const FlowResult&) {});
  for (std::size_t i = 0; i < input.size(); ++i) {
    const auto flow = add(analysis, input[i]);
    if (!flow) continue;  // an ICMP error about another connection
    const auto so_far =
        std::visit([&](const auto& part) { return analysis.so_far(part, *flow); }, input[i].what);
    if (!so_far) continue;  // it is not told yet whose the segment is
    INFO("up to frame " << i + 1);
    const auto cut = concluded(script, input, i + 1);
    REQUIRE(cut.contains(*flow));
    CHECK(states_of(so_far->history) == states_of(cut.at(*flow).history));
  }
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a connection so far is the connection of the capture cut there") {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / "tests" / "scripts")) {
    if (entry.path().extension() != ".tap") continue;
    DYNAMIC_SECTION(std::filesystem::relative(entry.path(), kRoot).string()) {
      compare(tap::parse_script(read(entry.path())));
    }
  }
}

}  // namespace tcpautopsy

// Runs every script below this folder, and those of samples/.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/tap_runner.h"

namespace tcpautopsy {

namespace {

const std::filesystem::path kRoot(TCPAUTOPSY_SOURCE_DIR);

std::vector<std::filesystem::path> scripts() {
  std::vector<std::filesystem::path> found;
  for (const auto& folder : {kRoot / "tests" / "scripts", kRoot / "samples"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".tap") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool expects_something(const tap::Script& script) {
  const bool beliefs = std::any_of(script.events.begin(), script.events.end(), [](const tap::Event& event) {
    const auto* packet = std::get_if<tap::Packet>(&event);
    return packet && !packet->beliefs.empty();
  });
  return beliefs || !script.transitions.empty() || !script.outcomes.empty() || !script.findings.empty();
}

}  // namespace

TEST_CASE("scripts") {
  REQUIRE_FALSE(scripts().empty());
  for (const auto& path : scripts()) {
    DYNAMIC_SECTION(std::filesystem::relative(path, kRoot).string()) {
      const std::string text = read(path);
      const tap::RunResult result = tap::run_script(text);
      INFO(result.text());
      CHECK(result.passed());
      if (result.passed()) CHECK(expects_something(tap::parse_script(text)));
    }
  }
}

}  // namespace tcpautopsy

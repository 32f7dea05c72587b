#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "capture_input.h"
#include "capture_mutator.h"
#include "session_input.h"

using namespace tcpautopsy;

namespace {

std::vector<std::uint8_t> octets_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fuzz::PacketFile> samples() {
  constexpr std::size_t kMost = 150;  // packets of one
  std::vector<fuzz::PacketFile> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "samples")) {
    auto packets = fuzz::read_packets(octets_of(entry.path() / "case.pcap"));
    if (!packets) continue;
    if (packets->packets.size() > kMost) packets->packets.resize(kMost);
    found.push_back(std::move(*packets));
  }
  return found;
}

// TCPAUTOPSY_FUZZ_ROUNDS=20000 TCPAUTOPSY_FUZZ_SEED=7 tries more, and others.
std::uint64_t rounds(std::uint64_t usual) {
  const char* const rounds = std::getenv("TCPAUTOPSY_FUZZ_ROUNDS");
  return rounds == nullptr ? usual : std::strtoull(rounds, nullptr, 10);
}

template <class Input>
std::size_t sum_over_changed(std::uint64_t usual_rounds, Input input) {
  const char* const seed = std::getenv("TCPAUTOPSY_FUZZ_SEED");
  const std::uint64_t first = seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10) * 1'000'000;
  const std::vector<fuzz::PacketFile> of = samples();
  REQUIRE(of.size() > 10);
  std::size_t sum = 0;
  for (std::uint64_t round = first; round < first + rounds(usual_rounds); ++round) {
    fuzz::PacketFile file = of[round % of.size()];
    fuzz::CaptureMutator mutator(round, 400);
    for (std::uint64_t changes = 1 + round % 24; changes > 0; --changes) mutator.change(file);
    INFO("round " << round);
    sum += input(fuzz::write_packets(file));
  }
  return sum;
}

}  // namespace

TEST_CASE("packets are read and written octet by octet") {
  for (const fuzz::PacketFile& sample : samples()) {
    const auto written = fuzz::write_packets(sample);
    const auto again = fuzz::read_packets(written);
    REQUIRE(again);
    CHECK(again->packets.size() == sample.packets.size());
    CHECK(fuzz::write_packets(*again) == written);
  }
}

TEST_CASE("captures whose packets are changed break no promise of the analysis") {
  CHECK(sum_over_changed(600, &fuzz::analyse_input) > rounds(600));
}

TEST_CASE("captures whose packets are changed break no promise of what the plugin shows") {
  CHECK(sum_over_changed(300, &fuzz::session_input) > rounds(300));
}

TEST_CASE("captures of which the plugin once showed what it must not") {
  const auto folder = std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "tests/fuzz/regressions/session";
  std::size_t shown = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    INFO(entry.path());
    shown += fuzz::session_input(octets_of(entry.path()));
  }
  CHECK(shown > 0);
}

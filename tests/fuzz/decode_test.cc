#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "decode_input.h"
#include "tests/unit/decode/samples.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

Octets lead(const Sample& sample, std::size_t length, std::size_t cut) {
  return Octets{fuzz::selector_of(sample.link_type)} + be16(cut) + Octets{0} + be16(length);
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change(Octets& octets) {
    if (octets.empty()) return;
    const std::size_t at = below(octets.size());
    const auto position = octets.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(6)) {
      case 0: *position = static_cast<std::uint8_t>(below(256)); break;
      case 1: *position ^= static_cast<std::uint8_t>(1U << below(8)); break;
      case 2: *position = kTelling[below(kTelling.size())]; break;
      case 3:
        octets.erase(position, position + static_cast<std::ptrdiff_t>(below(octets.size() - at)));
        break;
      case 4: octets.insert(position, below(16), static_cast<std::uint8_t>(below(256))); break;
      default: repeat(octets, at); break;
    }
  }

 private:
  // Copies a stretch over another place: headers inside headers.
  void repeat(Octets& octets, std::size_t at) {
    const std::size_t from = below(octets.size());
    const Octets stretch(octets.begin() + static_cast<std::ptrdiff_t>(from), octets.end());
    octets.insert(octets.begin() + static_cast<std::ptrdiff_t>(at), stretch.begin(), stretch.end());
  }

  // Versions, protocol numbers and lengths at the edges.
  const Octets kTelling = hex("00 01 04 06 11 29 2b 2c 2f 33 3a 3c 45 4f 60 7f 80 89 ff");
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("inputs that once failed") {
  const std::filesystem::path folder =
      std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "tests/fuzz/regressions/decode";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    INFO(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    const Octets input{std::istreambuf_iterator<char>(file), {}};
    fuzz::decode_input(input);
    ++files;
  }
  CHECK(files > 0);
}

TEST_CASE("random changes to good packets break no promise of the decoder") {
  constexpr int kRounds = 60'000;
  const std::vector<Sample> samples = all_samples();
  Mutator mutator(2026);
  for (int round = 0; round < kRounds; ++round) {
    Octets input;
    for (std::size_t frames = 1 + mutator.below(4); frames > 0; --frames) {
      const Sample& sample = samples[mutator.below(samples.size())];
      Octets octets = sample.octets;
      for (std::size_t changes = mutator.below(5); changes > 0; --changes) mutator.change(octets);
      octets.resize(std::min<std::size_t>(octets.size(), 4000));
      input += lead(sample, octets.size(), mutator.below(3) == 0 ? mutator.below(2000) : 0) + octets;
    }
    if (mutator.below(10) == 0) mutator.change(input);
    fuzz::decode_input(input);
  }
}

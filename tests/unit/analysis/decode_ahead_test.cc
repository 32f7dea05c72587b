#include "analyzer/analysis/decode_ahead.h"

#include <array>
#include <catch2/catch.hpp>
#include <stdexcept>

using namespace tcpautopsy;

namespace {

// Ethernet frames of no protocol.
class Empties {
 public:
  explicit Empties(std::uint64_t count) : count_(count) {}

  bool operator()(Frame& frame, std::uint32_t& file) {
    if (made_ == count_) {
      if (breaks) throw std::runtime_error("broken");
      return false;
    }
    frame = {};
    frame.number = ++made_;
    frame.time_ns = static_cast<TimeNs>(made_) * kSecond;
    frame.link_type = 1;
    frame.bytes = octets_;
    frame.wire_length = static_cast<std::uint32_t>(octets_.size());
    file = 7;
    return true;
  }
  std::uint64_t made() const { return made_; }

  bool breaks = false;

 private:
  std::uint64_t count_, made_ = 0;
  std::array<std::uint8_t, 60> octets_{};
};

}  // namespace

TEST_CASE("decoded ahead: every frame once, in order, whatever the number of batches") {
  const std::uint64_t count = GENERATE(0, 1, 255, 256, 257, 5000);
  Empties frames(count);
  Decoder decoder;
  const NextFrame next = [&](Frame& frame, std::uint32_t& file) { return frames(frame, file); };
  DecodeAhead ahead(next, decoder);
  std::uint64_t expected = 0;
  while (const auto* batch = ahead.next())
    for (const auto& [ref, decoded] : batch->items) {
      CHECK(ref.number == ++expected);
      CHECK(ref.file == 7);
    }
  CHECK(expected == count);
  CHECK(ahead.next() == nullptr);
  CHECK(decoder.counts().other + decoder.counts().malformed == count);
}

TEST_CASE("decoded ahead: what was read before reading failed is given first") {
  Empties frames(1000);
  frames.breaks = true;
  Decoder decoder;
  const NextFrame next = [&](Frame& frame, std::uint32_t& file) { return frames(frame, file); };
  DecodeAhead ahead(next, decoder);
  std::size_t given = 0;
  while (given < 1000) {
    const auto* batch = ahead.next();
    REQUIRE(batch != nullptr);
    given += batch->items.size();
  }
  CHECK_THROWS_WITH(
      [&] {
        while (ahead.next() != nullptr) {
        }
      }(),
      "broken");
}

TEST_CASE("decoded ahead: who takes no more ends it, and no more than some batches were read") {
  Empties frames(1'000'000);
  Decoder decoder;
  const NextFrame next = [&](Frame& frame, std::uint32_t& file) { return frames(frame, file); };
  {
    DecodeAhead ahead(next, decoder);
    REQUIRE(ahead.next() != nullptr);
  }
  CHECK(frames.made() <= 2000);
}

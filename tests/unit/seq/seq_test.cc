#include "analyzer/seq/seq.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <vector>

namespace tcpautopsy {

namespace {

__extension__ using Wide = __int128;

constexpr StreamOffset k31 = StreamOffset{1} << 31, k32 = StreamOffset{1} << 32;

std::vector<Seq> telling_isns() {
  return {Seq(0),          Seq(1),          Seq(0x7fffffff), Seq(0x80000000),
          Seq(0xfffffffe), Seq(0xffffffff), Seq(0x12345678)};
}

// The definition, searched for: of all offsets whose wire form is `seq`, the nearest to the checkpoint.
Wide nearest(Seq seq, Seq iss, StreamOffset checkpoint) {
  const Wide first = Wide{seq.raw()} - iss.raw();
  const Wide laps = (Wide{checkpoint} - first) / k32;
  Wide best = first + (laps - 2) * k32;
  const auto distance = [checkpoint](Wide x) { return x < checkpoint ? checkpoint - x : x - checkpoint; };
  for (Wide lap = laps - 2; lap <= laps + 2; ++lap)
    if (distance(first + lap * k32) < distance(best)) best = first + lap * k32;
  return best;
}

bool same(Wide a, StreamOffset b) { return a == Wide{b}; }

}  // namespace

TEST_CASE("wrap counts from the initial sequence number modulo 2^32") {
  CHECK(wrap(0, Seq(0xfffffffe)).raw() == 0xfffffffe);
  CHECK(wrap(2, Seq(0xfffffffe)).raw() == 0);
  CHECK(wrap(3 * k32 + 17, Seq(15)).raw() == 32);
  CHECK(wrap(-1, Seq(0)).raw() == 0xffffffff);
  CHECK(wrap(-k32, Seq(7)).raw() == 7);
}

TEST_CASE("unwrap finds the offset nearest to the checkpoint") {
  CHECK(unwrap(Seq(1), Seq(0), 0) == 1);
  CHECK(unwrap(Seq(1), Seq(0), k32 - 10) == k32 + 1);
  CHECK(unwrap(Seq(0xffffffff), Seq(0), 3 * k32) == 3 * k32 - 1);
  CHECK(unwrap(Seq(0), Seq(0xffffffff), 0) == 1);
  CHECK(unwrap(Seq(10), Seq(20), 0) == -10);
}

TEST_CASE("unwrap keeps numbers that are earlier than the first one seen negative") {
  for (const Seq iss : telling_isns())
    for (const StreamOffset offset : {StreamOffset{-1}, StreamOffset{-1460}, -k31 + 1, -k32, -3 * k32 - 5})
      CHECK(unwrap(wrap(offset, iss), iss, offset + 1000) == offset);
}

TEST_CASE("unwrap is exact within 2^31 of the checkpoint and one lap off beyond") {
  for (const Seq iss : telling_isns()) {
    for (const StreamOffset checkpoint : {StreamOffset{0}, k31, k32 - 1, k32, 5 * k32 + 77, -k31}) {
      CHECK(unwrap(wrap(checkpoint + k31 - 1, iss), iss, checkpoint) == checkpoint + k31 - 1);
      CHECK(unwrap(wrap(checkpoint - k31, iss), iss, checkpoint) == checkpoint - k31);
      CHECK(unwrap(wrap(checkpoint + k31 + 1, iss), iss, checkpoint) == checkpoint - k31 + 1);
      CHECK(unwrap(wrap(checkpoint - k31 - 1, iss), iss, checkpoint) == checkpoint + k31 - 1);
    }
  }
}

TEST_CASE("unwrap agrees with the definition in 128 bits") {
  std::mt19937_64 random(9293);
  for (int i = 0; i < 200'000; ++i) {
    const Seq iss(static_cast<std::uint32_t>(random()));
    const Seq seq(static_cast<std::uint32_t>(random()));
    const auto checkpoint = static_cast<StreamOffset>(random()) >> (random() % 40 + 2);
    const StreamOffset offset = unwrap(seq, iss, checkpoint);
    const bool halfway = offset - checkpoint == -k31;  // both neighbours are equally near
    if (!halfway && !same(nearest(seq, iss, checkpoint), offset)) {
      INFO("seq " << seq.raw() << " iss " << iss.raw() << " checkpoint " << checkpoint);
      REQUIRE(same(nearest(seq, iss, checkpoint), offset));
    }
    if (wrap(offset, iss) != seq) REQUIRE(wrap(offset, iss) == seq);
  }
}

TEST_CASE("wrap and unwrap are inverse along a stream longer than the sequence space") {
  for (const Seq iss : telling_isns()) {
    StreamOffset checkpoint = 0;
    for (StreamOffset offset = 0; offset < 6 * k32; offset += 1'000'003 * StreamOffset{97}) {
      checkpoint = unwrap(wrap(offset, iss), iss, checkpoint);
      REQUIRE(checkpoint == offset);
    }
  }
}

}  // namespace tcpautopsy

#include "analyzer/compat/zeek_reassembly.h"

#include <catch2/catch.hpp>

namespace tcpautopsy {

namespace {

// Payload while something has been acknowledged before.
void captured(ZeekReassembly& stream, std::uint64_t seq, std::uint32_t length) {
  stream.add(seq, length, 1, false);
}

}  // namespace

TEST_CASE("A stream without holes reveals none") {
  ZeekReassembly stream;
  captured(stream, 1, 100);
  captured(stream, 101, 100);
  CHECK(stream.acknowledge(201, false) == 0);
  CHECK(stream.acknowledge(201, false) == 0);
}

TEST_CASE("Each hole below the acknowledgment counts once") {
  ZeekReassembly stream;
  captured(stream, 101, 100);
  captured(stream, 301, 100);
  captured(stream, 501, 100);
  CHECK(stream.acknowledge(350, false) == 2);
  CHECK(stream.acknowledge(401, false) == 0);
  CHECK(stream.acknowledge(651, false) == 2);
  CHECK(stream.acknowledge(700, false) == 1);
}

TEST_CASE("What comes in any order beyond a hole is one piece if it touches") {
  ZeekReassembly stream;
  captured(stream, 301, 100);
  captured(stream, 101, 100);
  captured(stream, 201, 100);
  captured(stream, 150, 200);
  CHECK(stream.acknowledge(401, false) == 1);
}

TEST_CASE("A hole that is filled delivers what lay beyond it") {
  ZeekReassembly stream;
  captured(stream, 201, 100);
  captured(stream, 101, 50);
  captured(stream, 1, 150);
  CHECK(stream.acknowledge(151, false) == 0);
  CHECK(stream.acknowledge(301, false) == 1);
}

TEST_CASE("Data below the acknowledgment fills nothing any more") {
  ZeekReassembly stream;
  CHECK(stream.acknowledge(101, false) == 1);
  stream.add(1, 100, 101, false);
  stream.add(51, 100, 101, false);
  CHECK(stream.acknowledge(151, false) == 0);
  CHECK(stream.acknowledge(152, false) == 1);
}

TEST_CASE("More than 16 KiB beyond a hole without any acknowledgment ends the count") {
  ZeekReassembly kept, given_up;
  kept.add(2, 16383, 1, true);
  given_up.add(2, 16384, 1, true);
  CHECK(kept.acknowledge(20000, false) == 2);
  CHECK(given_up.acknowledge(20000, false) == 0);
}

TEST_CASE("More than 10 MiB that are not acknowledged end the count") {
  constexpr std::uint32_t kMiB = 1 << 20;
  ZeekReassembly kept, given_up;
  captured(kept, 1, 10 * kMiB);
  captured(given_up, 1, 10 * kMiB + 1);
  CHECK(kept.acknowledge(20 * kMiB, false) == 1);
  CHECK(given_up.acknowledge(20 * kMiB, false) == 0);
}

TEST_CASE("Nor is the first octet a hole where the start is a guess") {
  ZeekReassembly stream;
  CHECK(stream.acknowledge(2, true) == 0);
  captured(stream, 2, 10);
  CHECK(stream.acknowledge(12, true) == 1);
}

}  // namespace tcpautopsy

#include "analyzer/compat/completeness.h"

#include <catch2/catch.hpp>
#include <initializer_list>

namespace tcpautopsy {

namespace {

struct Sent {
  std::uint16_t flags;
  std::uint32_t payload = 0;
};

int after(std::initializer_list<Sent> sent) {
  Completeness completeness;
  for (const auto& [flags, payload] : sent) {
    TcpSegment segment;
    segment.flags = flags;
    segment.payload_length = payload;
    completeness.add(segment);
  }
  return completeness.value();
}

constexpr std::uint16_t kSynAck = kSyn | kAck, kFinAck = kFin | kAck;

}  // namespace

TEST_CASE("Each stage of a whole conversation adds its bit") {
  CHECK(after({}) == 0);
  CHECK(after({{kSyn}}) == 1);
  CHECK(after({{kSyn}, {kSynAck}}) == 3);
  CHECK(after({{kSyn}, {kSynAck}, {kAck}}) == 7);
  CHECK(after({{kSyn}, {kSynAck}, {kAck}, {kAck, 10}}) == 15);
  CHECK(after({{kSyn}, {kSynAck}, {kAck}, {kAck, 10}, {kFinAck}, {kFinAck}, {kAck}}) == 31);
  CHECK(after({{kSyn}, {kSynAck}, {kAck}, {kAck, 10}, {kRst}}) == 47);
  CHECK(after({{kSyn}, {kRst | kAck}}) == 37);
}

TEST_CASE("Only a conversation's first segment can be its SYN") {
  CHECK(after({{kSynAck}, {kSyn}}) == 2);
  CHECK(after({{kAck}, {kSyn}}) == 4);
}

TEST_CASE("Data on the SYN counts") { CHECK(after({{kSyn, 10}}) == 9); }

TEST_CASE("A conversation of one segment shows only its SYN") {
  CHECK(after({{kAck}}) == 0);
  CHECK(after({{kRst}}) == 0);
  CHECK(after({{kAck, 10}}) == 0);
}

TEST_CASE("What else the first segment shows counts from the second on") {
  CHECK(after({{kAck, 10}, {kAck}}) == 12);
  CHECK(after({{kFinAck}, {kRst}}) == 52);
}

TEST_CASE("Data or FIN without ACK, and an acknowledgment with data, do not count as such") {
  CHECK(after({{kSyn}, {0, 10}}) == 1);
  CHECK(after({{kSyn}, {kFin}}) == 1);
  CHECK(after({{kSyn}, {kAck, 10}}) == 9);
}

TEST_CASE("A pure ACK that carries a FIN or a RST counts as both") {
  CHECK(after({{kSyn}, {kFinAck}}) == 21);
  CHECK(after({{kSyn}, {kFinAck, 10}}) == 25);
}

}  // namespace tcpautopsy

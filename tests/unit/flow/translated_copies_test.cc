// Connections captured on both sides of an address translation, and what only looks so.
#include "analyzer/flow/translated_copies.h"

#include <catch2/catch.hpp>

using namespace tcpautopsy;

namespace {

TcpSegment segment(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack) {
  TcpSegment s;
  s.flags = flags;
  s.seq = Seq(seq);
  s.ack = Seq(ack);
  s.window = 64240;
  return s;
}

TcpSegment stamped(TcpSegment s, std::uint32_t ts_val) {
  s.options.has_timestamps = true;
  s.options.ts_val = ts_val;
  return s;
}

FrameRef at(std::uint64_t number, TimeNs time_ns) { return {0, number, time_ns}; }

}  // namespace

TEST_CASE("a SYN with the same number and timestamp is the same behind a NAT") {
  TranslatedCopies copies;
  copies.note(stamped(segment(kSyn, 700, 0), 5), at(1, 0), 0);
  copies.note(stamped(segment(kSyn, 700, 0), 5), at(2, 40'000), 1);
  CHECK(copies.original_of(1) == 0);
  CHECK_FALSE(copies.original_of(0));
  CHECK(copies.found() == 1);
  CHECK(copies.first().number == 2);
  copies.forget(1);
  CHECK_FALSE(copies.original_of(1));
}

TEST_CASE("without timestamps the SYN-ACK tells, whichever side of the NAT shows it first") {
  TranslatedCopies copies;
  copies.note(segment(kSyn, 700, 0), at(1, 0), 4);
  copies.note(segment(kSyn, 700, 0), at(2, 40'000), 5);
  CHECK_FALSE(copies.original_of(5));
  copies.note(segment(kSyn | kAck, 90, 701), at(3, 20'000'000), 5);
  copies.note(segment(kSyn | kAck, 90, 701), at(4, 20'040'000), 4);
  CHECK(copies.original_of(5) == 4);
  CHECK_FALSE(copies.original_of(4));
}

TEST_CASE("a third side is a copy of the first") {
  TranslatedCopies copies;
  for (const std::uint64_t flow : {2U, 3U, 6U})
    copies.note(stamped(segment(kSyn, 700, 0), 5), at(flow, 1'000 * static_cast<TimeNs>(flow)), flow);
  CHECK(copies.original_of(3) == 2);
  CHECK(copies.original_of(6) == 2);
  CHECK(copies.found() == 2);
}

TEST_CASE("what is alike but for one mark, or long after, is another connection") {
  TranslatedCopies copies;
  copies.note(stamped(segment(kSyn, 700, 0), 5), at(1, 0), 0);
  copies.note(stamped(segment(kSyn, 700, 0), 6), at(2, 1'000), 1);
  copies.note(stamped(segment(kSyn, 701, 0), 5), at(3, 1'000), 2);
  TcpSegment numbered = stamped(segment(kSyn, 700, 0), 5);
  numbered.has_ip_id = true;
  numbered.ip_id = 9;
  copies.note(numbered, at(4, 1'000), 3);
  copies.note(stamped(segment(kSyn, 700, 0), 5), at(5, 200 * kMillisecond), 4);
  // A scanner's SYNs, all of one number.
  copies.note(segment(kSyn, 800, 0), at(6, 300 * kMillisecond), 5);
  copies.note(segment(kSyn, 800, 0), at(7, 300 * kMillisecond), 6);
  // The same packet twice in one connection.
  copies.note(segment(kAck, 900, 901), at(8, 400 * kMillisecond), 7);
  copies.note(segment(kAck, 900, 901), at(9, 400 * kMillisecond), 7);
  CHECK(copies.found() == 0);
}

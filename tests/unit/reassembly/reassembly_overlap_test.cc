#include <catch2/catch.hpp>

#include "tests/unit/reassembly/stream_connection.h"

namespace tcpautopsy {

TEST_CASE("overlapping segments that differ") {
  const auto play = [](Overlap overlap) {
    ReassemblyOptions options;
    options.overlap = overlap;
    Connection c(options);
    c.open();
    c.data(3, "DEF");
    c.data(2, "cdef");
    c.data(0, "ab");
    c.ack(6);
    c.finish();
    return c.log;
  };
  const Log first = play(Overlap::First);
  CHECK(first.from_a == "abcDEF");
  CHECK(first.lines.front() == "A 3 conflict 3 kept 3 not 4");
  const Log last = play(Overlap::Last);
  CHECK(last.from_a == "abcdef");
  CHECK(last.lines.front() == "A 3 conflict 3 kept 4 not 3");
}

TEST_CASE("a resend that differs from what was delivered is told with both frames") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.data(3, "def");
  c.data(1, "bCdeF");
  CHECK(c.log.lines[2] == "A 2 conflict 1 kept 3 not 5");
  CHECK(c.log.lines[3] == "A 5 conflict 1 kept 4 not 5");
  CHECK(c.finish().conflicts == 2);
}

TEST_CASE("resends are compared with the latest octets only") {
  ReassemblyOptions options;
  options.remembered = 16384;
  Connection c(options);
  c.open();
  const std::string block(1000, 'x'), other(1000, 'y');
  for (int i = 0; i < 40; ++i) c.data(i * 1000, block);
  c.data(0, other);
  CHECK(c.reassembly.summary(Side::A).conflicts == 0);
  c.data(39'000, other);
  CHECK(c.reassembly.summary(Side::A).conflicts == 1);
  c.data(24'000, other);  // delivered octets wrap in the memory of them here
  CHECK(c.reassembly.summary(Side::A).conflicts == 2);
}

TEST_CASE("what the snap length cut off is a gap, unless a later segment has it") {
  Connection c;
  c.open();
  TcpSegment cut = c.from_a(0, "abc");
  cut.payload_length = 10;
  c.add(cut, Side::A);
  c.data(10, "klm");
  CHECK(c.log.lines == Lines{"A 0 abc frame 3 by 3", "A 3 gap 7 snap length", "A 10 klm frame 4 by 4"});

  Connection whole;
  whole.open();
  TcpSegment ahead = whole.from_a(3, "def");
  ahead.payload_length = 6;
  whole.add(ahead, Side::A);
  whole.data(5, "fghi");
  whole.data(0, "abc");
  CHECK(whole.log.from_a == "abcdefghi");
}

TEST_CASE("a corrupted segment waits for its resend or its acknowledgment") {
  Connection c;
  c.open();
  TcpSegment bad = c.from_a(0, "axc");
  bad.checksum = Checksum::Bad;
  SECTION("resent") {
    c.add(bad, Side::A);
    c.data(0, "abc");
    CHECK(c.log.from_a == "abc");
    CHECK(c.finish().conflicts == 0);
  }
  SECTION("acknowledged: it was not corrupted where the receiver is") {
    c.add(bad, Side::A);
    CHECK(c.log.lines.empty());
    c.ack(3);
    CHECK(c.log.from_a == "axc");
  }
  SECTION("neither") {
    c.add(bad, Side::A);
    CHECK(c.finish().bad_checksum == 3);
    CHECK(c.log.lines.empty());
  }
}

TEST_CASE("checksums that the network card fills in mean nothing") {
  Connection c;
  TcpSegment syn = c.segment(Side::A, kIss, 0, kSyn, {});
  syn.checksum = Checksum::Bad;
  c.add(syn, Side::A);
  c.data(0, "a");
  TcpSegment bad = c.from_a(1, "bc");
  bad.checksum = Checksum::Bad;
  c.add(bad, Side::A);
  CHECK(c.log.from_a == "abc");
}

TEST_CASE("what waits is bounded; then the gap is given up") {
  ReassemblyOptions options;
  options.most_held = 100'000;
  Connection c(options);
  c.open();
  const std::string block(1000, 'x');
  for (int i = 1; i <= 200; ++i) {
    c.data(i * 1000, block);
    CHECK(c.reassembly.held() <= options.most_held);
  }
  CHECK(c.log.lines.front() == "A 0 gap 1000 given up");
  CHECK(c.log.from_a.size() == 200'000);

  Connection tiny(options);
  tiny.open();
  for (int i = 1; i <= 10'000; ++i) {
    tiny.data(i * 2, "x");
    CHECK(tiny.reassembly.held() <= options.most_held);
  }
  CHECK_FALSE(tiny.log.lines.empty());
}

TEST_CASE("sequence numbers that go round more than once") {
  Connection c;
  c.open();
  constexpr std::uint32_t kHuge = 1U << 29;
  std::int64_t offset = 0;
  for (int i = 0; i < 20; ++i) {  // 10 GiB
    TcpSegment cut = c.from_a(offset, "abcd");
    cut.payload_length = kHuge;
    c.add(cut, Side::A);
    offset += kHuge;
    c.ack(offset);
  }
  c.data(offset, "end");
  CHECK(c.log.lines.back() == "A 10737418240 end frame 43 by 43");
  CHECK(c.finish().far_off == 0);
}

TEST_CASE("numbers of another stream are ignored") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.data(std::int64_t{1} << 31, "forged");
  c.ack(-(std::int64_t{1} << 31));
  c.data(3, "def");
  CHECK(c.log.from_a == "abcdef");
  CHECK(c.finish().far_off == 1);
}

TEST_CASE("a SYN-ACK with another number before any was acknowledged begins the stream anew") {
  Connection c;
  c.syn();
  c.syn_ack();
  c.add(c.segment(Side::B, 90'000, c.at(0), kSyn | kAck, {}), Side::B);
  c.add(c.segment(Side::A, c.at(0), 90'001, kAck, {}), Side::A);
  c.add(c.segment(Side::B, 555, c.at(0), kSyn | kAck, {}), Side::B);  // a stray one
  c.add(c.segment(Side::B, 90'001, c.at(0), kAck, "hello"), Side::B);
  CHECK(c.log.from_b == "hello");
}

TEST_CASE("a connection with itself") {
  Connection c;
  auto self = [&c](std::uint32_t seq, std::uint32_t ack, unsigned flags, std::string_view payload) {
    TcpSegment s = c.segment(Side::A, seq, ack, flags, payload);
    s.destination = s.source;
    c.add(s, Side::A);
  };
  self(100, 0, kSyn, "");
  self(100, 101, kSyn | kAck, "");
  self(101, 101, kAck | kPsh, "abc");
  self(107, 101, kAck | kPsh, "ghi");
  self(110, 110, kAck, "");
  CHECK(c.log.lines == Lines{"A 0 abc frame 3 by 3", "A 3 gap 3 not captured", "A 6 ghi frame 4 by 5"});
}

}  // namespace tcpautopsy

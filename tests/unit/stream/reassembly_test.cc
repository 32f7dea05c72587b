#include "analyzer/stream/reassembly.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tcpautopsy {
namespace {

constexpr std::uint32_t kIss = 0xFFFFFFF0U, kPeerIss = 7000;

// "frame: octets" for data, "frame: [length reason]" for a gap, "frame: kept/other at offset x n".
class Log : public StreamListener {
 public:
  void data(const StreamChunk& chunk) override {
    const std::string text(chunk.octets.begin(), chunk.octets.end());
    lines.push_back(side(chunk.sender) + std::to_string(chunk.offset) + " " + text + " frame " +
                    std::to_string(chunk.frame.number) + " by " + std::to_string(chunk.delivered.number));
    (chunk.sender == Side::A ? from_a : from_b) += text;
  }
  void gap(const StreamGap& gap) override {
    static constexpr std::string_view kReasons[]{"not captured", "snap length", "given up"};
    lines.push_back(side(gap.sender) + std::to_string(gap.offset) + " gap " + std::to_string(gap.length) +
                    " " + std::string(kReasons[static_cast<std::size_t>(gap.reason)]));
  }
  void conflict(const StreamConflict& c) override {
    lines.push_back(side(c.sender) + std::to_string(c.offset) + " conflict " + std::to_string(c.differ) +
                    " kept " + std::to_string(c.kept.number) + " not " + std::to_string(c.other.number));
  }

  std::vector<std::string> lines;
  std::string from_a, from_b;

 private:
  static std::string side(Side s) { return s == Side::A ? "A " : "B "; }
};

// A connection of which A's stream is looked at. Offsets count from the first octet.
struct Connection {
  explicit Connection(ReassemblyOptions options = {}) : reassembly(options, log) {}

  TcpSegment segment(Side side, std::uint32_t seq, std::uint32_t ack, unsigned flags,
                     std::string_view payload) {
    TcpSegment s;
    s.source.port = side == Side::A ? 40000 : 80;
    s.destination.port = side == Side::A ? 80 : 40000;
    s.seq = Seq(seq);
    s.ack = Seq(ack);
    s.flags = static_cast<std::uint16_t>(flags);
    s.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    s.payload_length = static_cast<std::uint32_t>(payload.size());
    s.checksum = Checksum::Good;
    return s;
  }
  void add(const TcpSegment& s, Side side) { reassembly.add(s, {0, ++frame, 0}, side); }
  static std::uint32_t at(std::int64_t offset) { return kIss + 1 + static_cast<std::uint32_t>(offset); }

  void syn(std::string_view payload = {}) { add(segment(Side::A, kIss, 0, kSyn, payload), Side::A); }
  void syn_ack(std::int64_t ack = 0) { add(segment(Side::B, kPeerIss, at(ack), kSyn | kAck, {}), Side::B); }
  void open() {
    syn();
    syn_ack();
  }
  TcpSegment from_a(std::int64_t offset, std::string_view payload, unsigned flags = kAck | kPsh) {
    return segment(Side::A, at(offset), kPeerIss + 1, flags, payload);
  }
  void data(std::int64_t offset, std::string_view payload, unsigned flags = kAck | kPsh) {
    add(from_a(offset, payload, flags), Side::A);
  }
  void ack(std::int64_t offset) { add(segment(Side::B, kPeerIss + 1, at(offset), kAck, {}), Side::B); }
  void answer(std::string_view payload, std::int64_t acks) {
    add(segment(Side::B, kPeerIss + 1, at(acks), kAck | kPsh, payload), Side::B);
  }
  const StreamSummary& finish() {
    reassembly.finish();
    return reassembly.summary(Side::A);
  }

  Log log;
  std::uint64_t frame = 0;
  StreamReassembly reassembly;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("data in order is told at once, with its frame") {
  Connection c;
  c.open();
  c.data(0, "GET ");
  c.data(4, "/\n");
  c.answer("OK", 6);
  CHECK(c.log.lines == Lines{"A 0 GET  frame 3 by 3", "A 4 /\n frame 4 by 4", "B 0 OK frame 5 by 5"});
  CHECK(c.finish().delivered == 6);
  CHECK(c.reassembly.summary(Side::A).unacknowledged == 0);
  CHECK(c.reassembly.summary(Side::B).unacknowledged == 2);
}

TEST_CASE("data waits for what is missing before it and is told with what fills it") {
  Connection c;
  c.open();
  c.data(3, "def");
  c.data(6, "ghi");
  CHECK(c.log.lines.empty());
  c.data(0, "abc");
  CHECK(c.log.lines == Lines{"A 0 abc frame 5 by 5", "A 3 def frame 3 by 5", "A 6 ghi frame 4 by 5"});
}

TEST_CASE("a resend that reaches further brings only what is new") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.data(0, "abcdef");
  c.data(2, "cd");
  CHECK(c.log.from_a == "abcdef");
  CHECK(c.finish().conflicts == 0);
}

TEST_CASE("an acknowledgment shows that the receiver has what the capture has not") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.data(6, "ghi");
  c.ack(3);
  CHECK(c.log.lines.size() == 1);
  c.ack(9);
  CHECK(c.log.lines == Lines{"A 0 abc frame 3 by 3", "A 3 gap 3 not captured", "A 6 ghi frame 4 by 6"});
  c.data(3, "def");
  CHECK(c.finish().late == 3);
  CHECK(c.log.from_a == "abcghi");
}

TEST_CASE("what is behind a hole at the end was not delivered") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.data(6, "ghi");
  c.ack(3);
  const StreamSummary& s = c.finish();
  CHECK(c.log.from_a == "abc");
  CHECK(s.never_delivered == 3);
  CHECK(s.gaps == 0);
}

TEST_CASE("where the receiver was not captured all that was sent is taken") {
  Connection c;
  c.syn();
  c.data(0, "abc");
  c.data(6, "ghi");
  const StreamSummary& s = c.finish();
  CHECK(c.log.lines == Lines{"A 0 abc frame 2 by 2", "A 3 gap 3 not captured", "A 6 ghi frame 3 by 3"});
  CHECK(s.unacknowledged == 0);
}

TEST_CASE("acknowledged data that was never captured is a gap at the end; one number more may be a FIN") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.ack(10);
  CHECK(c.finish().missing == 7);

  Connection closed;
  closed.open();
  closed.data(0, "abc");
  closed.ack(4);
  CHECK(closed.finish().missing == 0);
}

TEST_CASE("data in a SYN") {
  SECTION("is told when the peer acknowledges it") {
    Connection c;
    c.syn("early");
    CHECK(c.log.lines.empty());
    c.syn_ack(5);
    c.data(5, "late");
    CHECK(c.log.from_a == "earlylate");
  }
  SECTION("is forgotten when the peer acknowledges the SYN only") {
    Connection c;
    c.syn("early");
    c.syn_ack(0);
    c.data(0, "other");
    CHECK(c.log.from_a == "other");
    CHECK(c.finish().syn_data_refused == 5);
    CHECK(c.log.lines.size() == 1);
  }
  SECTION("was taken if its sender goes on after it, where the peer is not heard") {
    Connection c;
    c.syn("early");
    c.data(5, "late");
    CHECK(c.log.from_a == "earlylate");
  }
  SECTION("was not if its sender sends it again") {
    Connection c;
    c.syn("early");
    c.data(0, "EARLY");
    CHECK(c.log.from_a == "EARLY");
  }
}

TEST_CASE("keep-alives carry no data") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.ack(3);
  c.data(2, std::string_view("\0", 1), kAck);
  c.data(2, "", kAck);
  c.data(3, "def");
  const StreamSummary& s = c.finish();
  CHECK(c.log.from_a == "abcdef");
  CHECK(s.keepalives == 1);
  CHECK(s.conflicts == 0);
}

TEST_CASE("a keep-alive whose place was not captured") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.ack(9);
  c.data(8, std::string_view("\0", 1), kAck);
  c.data(9, "jkl");
  CHECK(c.log.from_a == "abcjkl");
  CHECK(c.finish().missing == 6);
}

TEST_CASE("a capture that begins with a keep-alive") {
  Connection c;
  c.data(99, std::string_view("\0", 1), kAck);
  c.data(100, "abc");
  CHECK(c.log.lines == Lines{"A 0 abc frame 2 by 2"});
  Connection empty;
  empty.data(99, "", kAck);
  empty.data(100, "abc");
  CHECK(empty.log.lines == Lines{"A 0 abc frame 2 by 2"});
  CHECK(empty.finish().mid_stream);
}

TEST_CASE("a window probe is data, and sent again it is not told twice") {
  Connection c;
  c.open();
  c.data(0, "abc");
  c.ack(3);
  c.data(3, "d", kAck);
  c.data(3, "d", kAck);
  c.data(3, "defg");
  CHECK(c.log.from_a == "abcdefg");
  CHECK(c.finish().keepalives == 0);
}

TEST_CASE("a capture that begins in the middle") {
  SECTION("starts with the first data, offset 0") {
    Connection c;
    c.data(5000, "abc");
    c.data(5003, "def");
    CHECK(c.log.lines == Lines{"A 0 abc frame 1 by 1", "A 3 def frame 2 by 2"});
    CHECK(c.finish().mid_stream);
  }
  SECTION("starts with what the peer has acknowledged") {
    Connection c;
    c.ack(5000);
    c.data(5003, "def");
    CHECK(c.log.lines.empty());
    c.data(5000, "abc");
    CHECK(c.log.from_a == "abcdef");
  }
  SECTION("data of before the first told is left out and counted") {
    Connection c;
    c.data(5000, "abc");
    c.data(4990, "0123456789");
    CHECK(c.log.from_a == "abc");
    CHECK(c.finish().before_start == 10);
  }
  SECTION("a hole at its very start is told at the end") {
    Connection c;
    c.ack(5000);
    c.data(5003, "def");
    c.finish();
    CHECK(c.log.lines == Lines{"A 0 gap 3 not captured", "A 3 def frame 2 by 2"});
  }
}

TEST_CASE("nothing is delivered beyond a FIN") {
  SECTION("that came in order") {
    Connection c;
    c.open();
    c.data(0, "abc", kAck | kFin);
    c.data(3, "xyz");
    c.data(0, "abcxyz");
    const StreamSummary& s = c.finish();
    CHECK(c.log.from_a == "abc");
    CHECK(s.after_fin == 6);
    REQUIRE(s.first_after_fin);
    CHECK(s.first_after_fin->number == 4);
    CHECK(s.fin->number == 3);
  }
  SECTION("that closes over a hole") {
    Connection c;
    c.open();
    c.data(3, "def", kAck | kFin);
    c.data(6, "xyz");
    c.data(0, "abc");
    CHECK(c.log.from_a == "abcdef");
    CHECK(c.finish().after_fin == 3);
  }
  SECTION("but a FIN below what was delivered ends nothing") {
    Connection c;
    c.open();
    c.data(0, "abcdef");
    c.data(3, "", kAck | kFin);
    c.data(6, "ghi");
    CHECK(c.log.from_a == "abcdefghi");
  }
  SECTION("a keep-alive after it is not data after it") {
    Connection c;
    c.open();
    c.data(0, "abc", kAck | kFin);
    c.data(3, std::string_view("\0", 1), kAck);
    CHECK(c.finish().after_fin == 0);
  }
}

TEST_CASE("after a RST only what is acknowledged was delivered") {
  const auto reset = [](Connection& c, Side side) {
    c.add(c.segment(side, side == Side::A ? c.at(3) : kPeerIss + 1, 0, kRst, "why"), side);
  };
  Connection c;
  c.open();
  c.data(0, "abc");
  reset(c, Side::B);
  c.data(3, "def");
  CHECK(c.finish().after_reset == 3);
  CHECK(c.log.from_a == "abc");
  CHECK(c.reassembly.summary(Side::B).in_reset == 3);

  Connection forged;
  forged.open();
  forged.data(0, "abc");
  reset(forged, Side::A);
  forged.data(3, "def");
  forged.ack(6);
  CHECK(forged.log.from_a == "abcdef");
}

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

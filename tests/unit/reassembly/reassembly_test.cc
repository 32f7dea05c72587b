#include <catch2/catch.hpp>

#include "tests/unit/reassembly/stream_connection.h"

namespace tcpautopsy {

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

}  // namespace tcpautopsy

// Numbers, sums and round trips of each end.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

TEST_CASE("in midstream the first numbers seen are 1") {
  Traffic t;
  t.a(kAck, 1000, 5000, 100).b(kAck, 5000, 1100, 10).a(kAck, 1100, 5010);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  const FlowTrace& f = flows[0];
  CHECK(f.records[0].seq == 1);
  CHECK(f.records[0].ack == 1);
  CHECK(f.records[0].sent_max == 1);
  CHECK_FALSE(f.records[0].standing.acks_unseen);
  CHECK(f.records[1].seq == 1);
  CHECK(f.records[1].ack == 101);
  CHECK(f.records[2].ack == 11);
  CHECK_FALSE(f.facts(Side::A).iss_known);
  CHECK(f.facts(Side::A).iss == Seq(kIssA + 999));
  CHECK(f.client_guessed);
  CHECK(f.client == Side::A);
}

TEST_CASE("in midstream the higher port is the client, whoever sent first") {
  Traffic t;
  t.b(kAck, 1, 1, 100).a(kAck, 1, 101);
  const auto flows = t.finish();
  CHECK(flows[0].client == Side::B);
  CHECK(flows[0].facts(Side::B).address == client());
  CHECK(flows[0].client_guessed);
}

TEST_CASE("in midstream the client is who connects again from the same ports, whatever their numbers") {
  Traffic t;
  t.a(kAck, 1, 1, 100).b(kAck, 1, 101).wait(60 * kSecond);
  t.feed(segment(server(), client(), kSyn, 777));
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].facts(flows[0].client).address == server());
  CHECK(flows[0].client_guessed);
}

TEST_CASE("what is earlier than the first number seen has offsets of zero and below") {
  Traffic t;
  t.a(kAck, 1001, 1, 100).a(kAck, 501, 1, 100);
  const auto flows = t.finish();
  CHECK(flows[0].records[1].seq == -499);
  CHECK(flows[0].records[1].standing.fills_gap);
  CHECK_FALSE(flows[0].records[1].standing.retransmission);
  CHECK(flows[0].facts(Side::A).payload_bytes == 200);
}

TEST_CASE("gaps, what fills them, and what comes again are told apart") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).a(kAck, 201, 1, 100).a(kAck, 101, 1, 100).a(kAck, 101, 1, 100);
  t.a(kAck, 251, 1, 100);
  const auto flows = t.finish();
  const auto& r = flows[0].records;
  REQUIRE(r.size() == 8);
  CHECK(r[4].standing.after_gap);
  CHECK(r[4].contiguous == 101);
  CHECK(r[5].standing.fills_gap);
  CHECK_FALSE(r[5].standing.retransmission);
  CHECK(r[5].contiguous == 301);
  CHECK(r[5].sent_max == 301);
  CHECK(r[6].standing.retransmission);
  CHECK_FALSE(r[6].standing.fills_gap);
  CHECK_FALSE(r[7].standing.retransmission);  // partly new
  CHECK_FALSE(r[7].standing.fills_gap);
  CHECK(flows[0].facts(Side::A).payload_bytes == 350);
}

TEST_CASE("a keep-alive is known by its look, and its octet counts for nothing") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).wait(kSecond);
  t.a(kAck, 100, 1, 1).b(kAck, 1, 101).a(kAck, 100, 1).a(kAck, 99, 1, 1).a(kAck, 101, 1);
  const auto flows = t.finish();
  const auto& r = flows[0].records;
  REQUIRE(r.size() == 10);
  CHECK(r[5].standing.keepalive);
  CHECK(r[7].standing.keepalive);
  CHECK_FALSE(r[7].standing.retransmission);
  CHECK_FALSE(r[8].standing.keepalive);
  CHECK_FALSE(r[9].standing.keepalive);
  CHECK(flows[0].facts(Side::A).payload_bytes == 100);
}

TEST_CASE("an ACK for what the capture never saw is marked, and ends the wait for it") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 301).a(kAck, 301, 1, 100).b(kAck, 1, 401);
  const auto flows = t.finish();
  const auto& r = flows[0].records;
  CHECK(r[4].standing.acks_unseen);
  CHECK(r[5].standing.after_gap);
  CHECK(r[5].contiguous == 401);
  CHECK_FALSE(r[6].standing.acks_unseen);
  CHECK(flows[0].facts(Side::A).payload_bytes == 200);
  CHECK(flows[0].facts(Side::A).sent_max == 401);
}

TEST_CASE("a handshake's ACK after an uncaptured SYN-ACK acknowledges the unseen") {
  Traffic t;
  t.a(kSyn, 0).a(kAck, 1, 1);
  CHECK(t.finish()[0].records[1].standing.acks_unseen);
}

TEST_CASE("SYN data counts, FIN and SYN sent again are resends") {
  Traffic t;
  t.a(kSyn, 0, 0, 50).a(kSyn, 0, 0, 50).b(kSyn | kAck, 0, 51).a(kFin | kAck, 51, 1).a(kFin | kAck, 51, 1);
  const auto flows = t.finish();
  const auto& r = flows[0].records;
  CHECK(flows[0].facts(Side::A).payload_bytes == 50);
  CHECK(r[1].standing.retransmission);
  CHECK_FALSE(r[3].standing.retransmission);
  CHECK(r[4].standing.retransmission);
  CHECK(flows[0].facts(Side::A).sent_max == 52);
}

TEST_CASE("a FIN that comes before data it follows leaves the gap open") {
  Traffic t;
  t.handshake().a(kFin | kAck, 101, 1).a(kAck, 1, 1, 100);
  const auto flows = t.finish();
  CHECK(flows[0].records[3].contiguous == 1);
  CHECK(flows[0].records[3].standing.after_gap);
  CHECK(flows[0].records[4].contiguous == 102);
}

TEST_CASE("streams longer than the sequence space keep counting") {
  Traffic t;
  t.handshake();
  const std::int64_t chunk = 1 << 30;
  for (std::int64_t i = 0; i < 12; ++i) {
    for (std::int64_t part = 0; part < 4; ++part) {
      t.a(kAck, 1 + i * chunk + part * (chunk / 4), 1, static_cast<std::uint32_t>(chunk / 4));
    }
    t.b(kAck, 1, 1 + (i + 1) * chunk);
  }
  const auto flows = t.finish();
  CHECK(flows[0].facts(Side::A).payload_bytes == 12ULL * (1 << 30));
  CHECK(flows[0].facts(Side::A).sent_max == 1 + 12 * chunk);
  CHECK(flows[0].facts(Side::B).acked_max == 1 + 12 * chunk);
}

TEST_CASE("handshake round trips are taken of what was sent once") {
  Traffic t;
  SECTION("SYN sent again") {
    t.a(kSyn, 0).wait(kSecond).a(kSyn, 0).b(kSyn | kAck, 0, 1).a(kAck, 1, 1);
    const auto flows = t.finish();
    CHECK_FALSE(flows[0].facts(Side::B).rtt_handshake_ns);
    CHECK(flows[0].facts(Side::A).rtt_handshake_ns == 10 * kMillisecond);
  }
  SECTION("SYN-ACK sent again") {
    t.a(kSyn, 0).b(kSyn | kAck, 0, 1).wait(kSecond).b(kSyn | kAck, 0, 1).a(kAck, 1, 1);
    const auto flows = t.finish();
    CHECK(flows[0].facts(Side::B).rtt_handshake_ns == 10 * kMillisecond);
    CHECK_FALSE(flows[0].facts(Side::A).rtt_handshake_ns);
    CHECK_FALSE(flows[0].facts(Side::A).rtt_min_ns);
  }
}

TEST_CASE("the least round trip is of data too, never of data sent again") {
  Traffic t;
  t.handshake();
  t.step = 2 * kMillisecond;
  SECTION("sent once") {
    t.a(kAck, 1, 1, 100).b(kAck, 1, 101);
    CHECK(t.finish()[0].facts(Side::B).rtt_min_ns == 2 * kMillisecond);
  }
  SECTION("sent again") {
    t.a(kAck, 1, 1, 100).a(kAck, 1, 1, 100).b(kAck, 1, 101);
    CHECK(t.finish()[0].facts(Side::B).rtt_min_ns == 10 * kMillisecond);
  }
  SECTION("acknowledged in part") {
    t.a(kAck, 1, 1, 100).b(kAck, 1, 51).b(kAck, 1, 101);
    CHECK(t.finish()[0].facts(Side::B).rtt_min_ns == 4 * kMillisecond);
  }
}

TEST_CASE("no round trip is measured by a RST that acknowledges data: it may come from nearer") {
  Traffic t;
  t.handshake();
  t.step = kMillisecond;
  t.a(kAck, 1, 1, 100).b(kRst | kAck, 1, 101);
  CHECK(t.finish()[0].facts(Side::B).rtt_min_ns == 10 * kMillisecond);
}

TEST_CASE("a round trip does not begin with a SYN-ACK that was not taken") {
  Traffic t;
  t.a(kSyn, 0).b(kSyn | kAck, 0, 1).b(kSyn | kAck, 900'000, 1).wait(-9 * kMillisecond).a(kAck, 1, 1);
  const auto flows = t.finish();
  CHECK(flows[0].facts(Side::B).iss == Seq(kIssB));
  CHECK_FALSE(flows[0].facts(Side::A).rtt_min_ns);
}

TEST_CASE("a clock that goes backwards gives round trips of no less than nothing") {
  Traffic t;
  t.a(kSyn, 0).wait(-5 * kSecond).b(kSyn | kAck, 0, 1).wait(-5 * kSecond).a(kAck, 1, 1);
  const auto flows = t.finish();
  CHECK(flows[0].facts(Side::B).rtt_handshake_ns == 0);
  CHECK(flows[0].facts(Side::A).rtt_min_ns == 0);
}

TEST_CASE("a RST far outside the stream moves nothing and ends nothing") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).feed(segment(server(), client(), kRst, kIssB + 0x60000000U));
  t.b(kAck, 1, 101, 10).a(kSyn, 500).a(kAck, 101, 11, 10);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].records[4].has(kRst));
  CHECK(flows[0].records[5].sent_max == 1);
  CHECK_FALSE(flows[0].records[5].standing.fills_gap);
}

TEST_CASE("a self-connection has one end, and its ACKs are of its own stream") {
  Traffic t;
  const EndpointAddress self = end("127.0.0.1", 5000);
  t.feed(segment(self, self, kSyn, 100)).feed(segment(self, self, kSyn | kAck, 100, 101));
  t.feed(segment(self, self, kAck, 101, 101)).feed(segment(self, self, kAck, 101, 101, 10));
  t.feed(segment(self, self, kAck, 111, 111)).feed(segment(self, self, kFin | kAck, 111, 111));
  t.feed(segment(self, self, kAck, 112, 112));
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].self_connection);
  CHECK_FALSE(flows[0].one_sided());
  CHECK(flags_of(flows[0]) == "A:S A:SA A:A A:A A:A A:FA A:A");
  CHECK(flows[0].records[1].ack == 1);
  CHECK(flows[0].records[6].ack == 12);
  CHECK_FALSE(flows[0].records[6].standing.acks_unseen);
  CHECK(flows[0].facts(Side::A).payload_bytes == 10);
  CHECK(flows[0].facts(Side::B).address == self);
}

TEST_CASE("DSACK blocks are told from SACK blocks") {
  Traffic t;
  t.handshake();
  TcpSegment s = segment(server(), client(), kAck, kIssB + 1, kIssA + 501);
  s.options.sack_count = 1;
  bool dsack = false;
  SECTION("below the ACK") {
    s.options.sack[0] = {Seq(kIssA + 101), Seq(kIssA + 201)};
    dsack = true;
  }
  SECTION("above the ACK") { s.options.sack[0] = {Seq(kIssA + 601), Seq(kIssA + 701)}; }
  SECTION("inside the second block") {
    s.options.sack_count = 2;
    s.options.sack[0] = {Seq(kIssA + 601), Seq(kIssA + 701)};
    s.options.sack[1] = {Seq(kIssA + 501), Seq(kIssA + 901)};
    dsack = true;
  }
  t.feed(s);
  const auto flows = t.finish();
  CHECK(flows[0].records[3].has_sack);
  CHECK(flows[0].records[3].is_dsack == dsack);
}

TEST_CASE("an ICMP error whose quote is cut before the number is about the first octet unacknowledged") {
  IcmpError error;
  error.source = client();
  error.destination = server();
  error.type = 3;
  error.code = 13;
  Traffic syn;
  syn.feed(segment(client(), server(), kSyn, kIssA));
  CHECK(syn.table().add(error, FrameRef{0, 2, syn.now}) == 0);
  CHECK(syn.finish()[0].icmp.at(0).seq == 0);
  Traffic open;
  open.handshake().close().reuse(0x20000000U, 0xD0000000U).handshake();
  CHECK(open.table().add(error, FrameRef{0, 99, open.now}) == 1);
  const auto flows = open.finish();
  CHECK(flows[1].icmp.at(0).seq == 1);
  CHECK(flows[1].icmp.at(0).in_doubt);  // what the connection before sent last was on its way a moment ago
}

TEST_CASE("an ICMP error whose quote is cut is about the connection that is open, where there is but one") {
  IcmpError error;
  error.source = client();
  error.destination = server();
  error.type = 3;
  error.code = 13;
  Traffic t;
  SECTION("the only one") { t.handshake(); }
  SECTION("the one before closed long ago") {
    t.handshake().close().wait(10 * kSecond).reuse(0x20000000U, 0xD0000000U).handshake();
  }
  SECTION("the attempt before was refused") {
    t.a(kSyn, 0);
    CHECK(t.table().add(error, FrameRef{0, 2, t.now}) == 0);
    t.reuse(0x20000000U, 0xD0000000U).a(kSyn, 0);
  }
  const auto latest = t.last_flow();
  CHECK(t.table().add(error, FrameRef{0, 99, t.now}) == latest);
  CHECK_FALSE(t.finish().at(latest).icmp.at(0).in_doubt);
}

TEST_CASE("an ICMP error is in doubt where two connections are open, or its number is neither's") {
  IcmpError error;
  error.source = client();
  error.destination = server();
  error.type = 3;
  error.code = 13;
  Traffic t;
  SECTION("a SYN waits to be told") {
    t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).reuse(0x20000000U, 0xD0000000U).a(kSyn, 0);
  }
  SECTION("an attempt that nobody answered, and the next") {
    t.a(kSyn, 0).reuse(0x20000000U, 0xD0000000U).a(kSyn, 0);
  }
  SECTION("a number far from all") {
    t.handshake();
    error.seq = Seq(kIssA + 5'000'000);
  }
  CHECK(t.table().add(error, FrameRef{0, 99, t.now}));
  std::size_t told = 0;
  for (const auto& flow : t.finish())
    for (const IcmpRecord& icmp : flow.icmp) told += icmp.in_doubt;
  CHECK(told == 1);
}

TEST_CASE("an ICMP error goes to the incarnation it quotes") {
  Traffic t;
  t.handshake().close().reuse(0x20000000U, 0xD0000000U).handshake();
  IcmpError error;
  error.source = client();
  error.destination = server();
  error.type = 3;
  error.code = 4;
  error.mtu = 1400;
  error.seq = Seq(kIssA + 1);
  CHECK(t.table().add(error, FrameRef{0, 99, t.now}) == 0);
  error.seq = Seq(0x20000001U);
  for (int i = 0; i < 300; ++i) CHECK(t.table().add(error, FrameRef{0, 100, t.now}) == 1);
  error.source.port = 1;
  CHECK_FALSE(t.table().add(error, FrameRef{0, 101, t.now}));
  const auto flows = t.finish();
  REQUIRE(flows[0].icmp.size() == 1);
  CHECK(flows[0].icmp[0].seq == 1);
  CHECK(flows[0].icmp[0].quoted == Side::A);
  CHECK(flows[1].icmp.size() == 256);
  CHECK(flows[1].icmp_total == 300);
}

// Packets seen twice: the capture's doing or the network's.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

namespace {

constexpr TimeNs kMicrosecond = 1000;

// A connection of which every packet is seen twice.
void doubled(Traffic& t, int ttl_less = 0) {
  const auto twice = [&] { t.again(20 * kMicrosecond, ttl_less); };
  t.a(kSyn, 0);
  twice();
  t.b(kSyn | kAck, 0, 1);
  twice();
  t.a(kAck, 1, 1);
  twice();
  t.a(kAck, 1, 1, 100);
  twice();
  t.b(kAck, 1, 101);
  twice();
}

}  // namespace

TEST_CASE("a capture that sees every packet twice is told once and its copies are dropped") {
  const int ttl_less = GENERATE(0, 1);
  Traffic t;
  doubled(t, ttl_less);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flags_of(flows[0]) == "A:S B:SA A:A A:A B:A");
  CHECK(flows[0].facts(Side::A).packets == 3);
  CHECK(flows[0].facts(Side::A).copies == 3);
  CHECK(flows[0].facts(Side::A).wire_bytes == 3 * 54 + 100);
  CHECK(flows[0].facts(Side::B).copies == 2);
  CHECK(flows[0].last.number == 9);
  CHECK(t.table().facts().copies_dropped == 5);
  CHECK(t.table().facts().copied_pairs == 1);
  CHECK(t.table().facts().first_copy.number == 2);
}

TEST_CASE("a lone packet seen twice stays, marked as a copy") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).again(20 * kMicrosecond).b(kAck, 1, 101).close();
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  REQUIRE(flows[0].records.size() == 10);
  CHECK(flows[0].records[4].copy);
  CHECK_FALSE(flows[0].records[3].copy);
  CHECK(flows[0].facts(Side::A).packets == 6);
  CHECK(flows[0].facts(Side::A).copies == 0);
  CHECK(flows[0].facts(Side::A).payload_bytes == 100);
  CHECK(flows[0].facts(Side::A).wire_bytes == 6 * 54 + 200);
  CHECK(t.table().facts().copies_dropped == 0);
}

TEST_CASE("the verdict is of the pair of hosts: a flow with few copies falls under it too") {
  Traffic t;
  doubled(t);
  t.feed(segment(end("10.0.0.1", 40001), server(), kSyn, 5)).again(20 * kMicrosecond);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[1].facts(Side::A).copies == 1);
}

TEST_CASE("what differs in one field is no copy") {
  Traffic t;
  t.handshake();
  TcpSegment s = segment(client(), server(), kAck, kIssA + 1, kIssB + 1, 100);
  s.ip_id = 77;
  t.step = 20 * kMicrosecond;
  t.feed(s);
  SECTION("IP ID") { s.ip_id = 78; }
  SECTION("window") { s.window = 999; }
  SECTION("checksum") { s.tcp_checksum = 5; }
  SECTION("TTL by two") { s.ttl = 62; }
  SECTION("TTL higher") { s.ttl = 65; }
  SECTION("later than 2 ms") { t.wait(3 * kMillisecond); }
  SECTION("flags") { s.flags |= kPsh; }
  t.feed(s);
  const auto flows = t.finish();
  REQUIRE(flows[0].records.size() == 5);
  CHECK_FALSE(flows[0].records[4].copy);
  CHECK(flows[0].records[4].standing.retransmission);
}

TEST_CASE("duplicate ACKs without IP ID are not taken for copies") {
  Traffic t;
  t.handshake();
  TcpSegment ack = segment(server(), client(), kAck, kIssB + 1, kIssA + 1);
  ack.has_ip_id = false;
  ack.ip_id = 1;  // keeps the helper from giving it one
  t.step = 5 * kMicrosecond;
  for (int i = 0; i < 4; ++i) t.feed(ack);
  const auto flows = t.finish();
  CHECK(flows[0].facts(Side::B).packets == 5);
  for (const SegmentRecord& r : flows[0].records) CHECK_FALSE(r.copy);
}

TEST_CASE("without IP ID data is a copy by checksum and timestamp") {
  Traffic t;
  t.handshake();
  TcpSegment data = segment(server(), client(), kAck, kIssB + 1, kIssA + 1, 50);
  data.has_ip_id = false;
  data.ip_id = 1;
  data.options.has_timestamps = true;
  t.step = 5 * kMicrosecond;
  t.feed(data);
  SECTION("alike") {
    t.feed(data);
    CHECK(t.finish()[0].records[4].copy);
  }
  SECTION("another timestamp") {
    data.options.ts_val = 1;
    t.feed(data);
    CHECK_FALSE(t.finish()[0].records[4].copy);
  }
}

TEST_CASE("the first of many originals doubled late is the network's") {
  Traffic t;
  t.handshake();
  for (int i = 0; i < 20; ++i) t.a(kAck, 1 + i * 100, 1, 100).b(kAck, 1, 101 + i * 100);
  for (int i = 20; i < 24; ++i)
    t.a(kAck, 1 + i * 100, 1, 100).again(20 * kMicrosecond).b(kAck, 1, 101 + i * 100);
  const auto flows = t.finish();
  CHECK(flows[0].facts(Side::A).copies == 0);
  CHECK(flows[0].facts(Side::A).packets == 2 + 24 + 4);
}

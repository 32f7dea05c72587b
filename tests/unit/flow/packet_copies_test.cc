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

TEST_CASE("copies that may be sent again do not speak against a capture that sees all twice") {
  Traffic t;
  const auto twice = [&](TcpSegment s) {
    s.has_ip_id = false;
    t.feed(s);
    t.step = 20 * kMicrosecond;
    t.feed(s);
    t.step = kMillisecond;
  };
  const auto a = [&](std::uint16_t flags, std::uint32_t seq, std::uint32_t ack, std::uint32_t octets) {
    twice(segment(client(), server(), flags, kIssA + seq, flags == kSyn ? 0 : kIssB + ack, octets));
  };
  const auto b = [&](std::uint16_t flags, std::uint32_t seq, std::uint32_t ack, std::uint32_t octets) {
    twice(segment(server(), client(), flags, kIssB + seq, kIssA + ack, octets));
  };
  a(kSyn, 0, 0, 0);
  b(kSyn | kAck, 0, 1, 0);
  a(kAck, 1, 1, 0);
  a(kAck, 1, 1, 100);
  b(kAck, 1, 101, 0);
  b(kAck, 1, 101, 100);
  a(kAck, 101, 101, 0);
  a(kAck | kFin, 101, 101, 0);
  b(kAck | kFin, 101, 102, 0);
  a(kAck, 102, 102, 0);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(t.table().facts().copied_pairs == 1);
  CHECK(t.table().facts().copies_dropped >= 6);
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
  SECTION("TTL by four") { s.ttl = 60; }
  SECTION("TTL higher by four") { s.ttl = 68; }
  SECTION("later than 100 ms") { t.wait(101 * kMillisecond); }
  SECTION("flags") { s.flags |= kPsh; }
  t.feed(s);
  const auto flows = t.finish();
  REQUIRE(flows[0].records.size() == 5);
  CHECK_FALSE(flows[0].records[4].copy);
  CHECK(flows[0].records[4].standing.retransmission);
}

TEST_CASE("with IP ID and timestamp a packet is the same behind any number of routers") {
  Traffic t;
  t.handshake();
  TcpSegment s = segment(client(), server(), kAck, kIssA + 1, kIssB + 1, 100);
  s.ip_id = 77;
  s.options.has_timestamps = true;
  s.options.ts_val = 5;
  t.feed(s);
  t.wait(40 * kMillisecond);
  s.ttl = 50;
  SECTION("alike") {
    t.feed(s);
    CHECK(t.finish()[0].records[4].copy);
  }
  SECTION("of another time") {
    ++s.options.ts_val;
    s.tcp_checksum = static_cast<std::uint16_t>(s.tcp_checksum - 1);
    t.feed(s);
    CHECK_FALSE(t.finish()[0].records[4].copy);
  }
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

namespace {

// Without IP ID and timestamps.
TcpSegment bare(const EndpointAddress& from, std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
                std::uint32_t octets = 0) {
  const bool by_client = from == client();
  TcpSegment s = segment(from, by_client ? server() : client(), flags, (by_client ? kIssA : kIssB) + seq,
                         flags == kSyn ? 0 : (by_client ? kIssB : kIssA) + ack, octets);
  s.has_ip_id = false;
  s.ip_id = 1;  // keeps the helper from giving it one
  return s;
}

// What one capture point took, then the other `late` after it.
void at_both(Traffic& t, const std::vector<TcpSegment>& taken, TimeNs late, int hops) {
  t.step = 100 * kMicrosecond;
  for (const TcpSegment& s : taken) t.feed(s);
  t.wait(late - static_cast<TimeNs>(taken.size()) * t.step);
  for (TcpSegment s : taken) {
    s.ttl = static_cast<std::uint8_t>(s.ttl - hops);
    t.feed(s);
  }
}

}  // namespace

TEST_CASE("captures of both ends merged: bursts are under way between them, and clocks differ") {
  const int hops = GENERATE(0, 1, 5);
  const TimeNs late = GENERATE(8 * kMillisecond, 30 * kMillisecond);
  Traffic t;
  at_both(t, {bare(client(), kSyn, 0, 0)}, late, hops);
  at_both(t, {bare(server(), kSyn | kAck, 0, 1)}, late, hops);
  at_both(t, {bare(client(), kAck, 1, 1), bare(client(), kAck, 1, 1, 100)}, late, hops);
  std::vector<TcpSegment> burst;
  for (std::uint32_t i = 0; i < 10; ++i) burst.push_back(bare(server(), kAck, 1 + i * 100, 101, 100));
  at_both(t, burst, late, hops);
  at_both(t, {bare(client(), kAck | kFin, 101, 1001)}, late, hops);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].facts(Side::B).copies >= 10);
  CHECK(t.table().facts().copied_pairs == 1);
  // The first SYN-ACK may come again by its timer, as long as nothing else tells.
  for (const SegmentRecord& r : flows[0].records) CHECK_FALSE((r.standing.retransmission && !r.has(kSyn)));
}

TEST_CASE("all sent again without IP ID within moments is no copy where hardly anything else came twice") {
  const bool one_twice = GENERATE(false, true);
  Traffic t;
  t.feed(bare(client(), kSyn, 0, 0)).feed(bare(server(), kSyn | kAck, 0, 1)).feed(bare(client(), kAck, 1, 1));
  std::vector<TcpSegment> burst;
  for (std::uint32_t i = 0; i < 10; ++i) burst.push_back(bare(client(), kAck, 1 + i * 100, 1, 100));
  if (one_twice) {
    t.step = kMicrosecond;
    t.feed(burst[0]).feed(burst[0]);
  }
  at_both(t, burst, 30 * kMillisecond, 0);
  const auto flows = t.finish();
  CHECK(flows[0].facts(Side::A).copies == 0);
  for (std::size_t i = flows[0].records.size() - 9; i < flows[0].records.size(); ++i)
    CHECK_FALSE(flows[0].records[i].copy);
}

TEST_CASE(
    "an empty ACK without IP ID behind a router is a copy, one in that end's name that resets is none") {
  Traffic t;
  t.handshake();
  t.step = 20 * kMicrosecond;
  TcpSegment ack = bare(server(), kAck, 1, 1), rst = bare(server(), kRst, 1, 1);
  t.feed(ack);
  --ack.ttl;
  t.feed(ack);
  t.feed(rst);
  --rst.ttl;
  t.feed(rst);
  const auto flows = t.finish();
  REQUIRE(flows[0].records.size() == 7);
  CHECK_FALSE(flows[0].records[3].copy);
  CHECK(flows[0].records[4].copy);
  CHECK_FALSE(flows[0].records[6].copy);
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

TEST_CASE(
    "copies late by a few milliseconds, behind routers, in another order, with and without a VLAN tag") {
  Traffic t;
  struct {
    TimeNs late;
    int ttl_less;
  } copy{};
  SECTION("late") { copy = {4 * kMillisecond, 0}; }
  SECTION("very late") { copy = {65 * kMillisecond, 0}; }
  SECTION("behind a router") { copy = {20 * kMicrosecond, 1}; }
  SECTION("behind two") { copy = {20 * kMicrosecond, 2}; }
  SECTION("before a router, queued") { copy = {3 * kMillisecond, -1}; }
  const auto twice = [&] { t.again(copy.late, copy.ttl_less); };
  t.a(kSyn, 0);
  twice();
  t.b(kSyn | kAck, 0, 1);
  twice();
  t.a(kAck, 1, 1);
  twice();
  t.a(kAck, 1, 1, 100);
  twice();
  t.b(kAck | kFin, 1, 101);
  twice();
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flags_of(flows[0]).substr(0, 8) == "A:S B:SA");
  CHECK(flows[0].facts(Side::A).copies >= 2);
  CHECK(t.table().facts().copies_dropped >= 4);
}

TEST_CASE("with and without a VLAN tag it is one connection") {
  Traffic t;
  TcpSegment plain[] = {segment(client(), server(), kSyn, kIssA),
                        segment(server(), client(), kSyn | kAck, kIssB, kIssA + 1),
                        segment(client(), server(), kAck, kIssA + 1, kIssB + 1),
                        segment(client(), server(), kAck, kIssA + 1, kIssB + 1, 100),
                        segment(server(), client(), kAck, kIssB + 1, kIssA + 101)};
  const bool ids = GENERATE(true, false);
  const bool tag_first = GENERATE(true, false);
  std::uint32_t id = 100;
  for (TcpSegment& s : plain) {
    s.has_ip_id = ids;
    s.ip_id = ++id;
    t.step = 6 * kMicrosecond;
    s.encapsulation = tag_first ? 3 : 0;
    t.feed(s);
    t.step = 10 * kMillisecond;
    s.encapsulation = tag_first ? 0 : 3;
    t.feed(s);
  }
  SECTION("all of it twice") {}
  SECTION("and one packet with the tag alone") {
    TcpSegment lone = segment(client(), server(), kAck, kIssA + 101, kIssB + 1, 50);
    lone.encapsulation = 3;
    t.feed(lone);
  }
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flags_of(flows[0]).substr(0, 20) == "A:S B:SA A:A A:A B:A");
  CHECK(t.table().facts().copies_dropped == 5);
}

TEST_CASE("what the copy of a forged SYN joined to a connection goes with it") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101);
  TcpSegment forged = segment(client(), server(), kSyn, kIssA + 5000);
  forged.ip_id = 900;
  t.step = 6 * kMicrosecond;
  t.feed(forged);
  forged.encapsulation = 3;
  t.feed(forged);
  t.step = 10 * kMillisecond;
  t.b(kAck, 1, 101).a(kAck, 101, 1, 50).b(kAck, 1, 151).a(kRst, 151).wait(300 * kSecond);
  t.feed(segment(end("10.0.0.9", 40001), server(), kSyn, 5));
  t.on(3).reuse(kIssA + 77, kIssB + 99).handshake();
  REQUIRE(t.table().facts().flows == 3);
  CHECK(t.done().size() == 1);
}

TEST_CASE("one address pair in two VLANs is two connections") {
  Traffic t;
  t.handshake();
  t.on(3);
  t.reuse(kIssA + 77, kIssB + 99).handshake();
  CHECK(t.finish().size() == 2);
}

TEST_CASE("the last packet of files named in any order is the latest, be it a copy") {
  Traffic t;
  std::uint64_t number = 0;
  const auto pass = [&](const TcpSegment& s, std::uint32_t file) {
    t.table().add(s, FrameRef{file, ++number, t.now += kMillisecond});
  };
  TcpSegment syn = segment(client(), server(), kSyn, kIssA);
  TcpSegment answer = segment(server(), client(), kSyn | kAck, kIssB, kIssA + 1);
  TcpSegment ack = segment(client(), server(), kAck, kIssA + 1, kIssB + 1);
  std::uint16_t id = 0;
  for (TcpSegment* const s : {&syn, &answer, &ack}) s->ip_id = ++id;
  pass(syn, 1);
  pass(answer, 1);
  pass(ack, 1);
  pass(ack, 0);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].last.file == 0);
  CHECK(flows[0].last.number == 4);
}

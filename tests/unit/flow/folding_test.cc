// What is kept of a flow, and that it does not grow.
#include <algorithm>
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

namespace {

// Segments of 1,000 octets from the client, each acknowledged.
void transfer(Traffic& t, std::int64_t segments, std::int64_t from = 1) {
  for (std::int64_t i = 0; i < segments; ++i) {
    t.a(kAck, from + i * 1000, 1, 1000).b(kAck, 1, from + (i + 1) * 1000);
  }
}

std::uint64_t told(const FlowTrace& f, Side side) {
  std::uint64_t packets = 0;
  for (const SegmentRecord& r : f.records) packets += r.side == side ? 1 + r.folded_packets : 0;
  return packets;
}

const SegmentRecord* record_of(const FlowTrace& f, std::uint64_t frame) {
  for (const SegmentRecord& r : f.records) {
    if (r.frame.number == frame) return &r;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a long transfer costs no more than its handshake and close") {
  Traffic t;
  t.handshake();
  transfer(t, 10'000);
  const std::int64_t end = 1 + 10'000 * 1000;
  t.a(kFin | kAck, end, 1).b(kAck, 1, end + 1).b(kFin | kAck, 1, end + 1).a(kAck, end + 1, 2);
  const auto flows = t.finish();
  const FlowTrace& f = flows[0];
  CHECK(f.records.size() < 24);
  CHECK(told(f, Side::A) == f.facts(Side::A).packets);
  CHECK(told(f, Side::B) == f.facts(Side::B).packets);
  // The last of the run on each side stands before the FIN, with what was folded.
  REQUIRE(record_of(f, 20002));
  REQUIRE(record_of(f, 20003));
  CHECK(record_of(f, 20002)->folded_packets > 9900);
  CHECK(record_of(f, 20002)->folded_bytes == record_of(f, 20002)->folded_packets * 1000ULL);
}

TEST_CASE("ten million segments keep a bounded number of records") {
  FlowOptions options;
  Traffic t(options);
  t.step = 1000;
  t.handshake();
  transfer(t, 5'000'000);
  const auto flows = t.finish();
  CHECK(flows[0].records.size() < 20);
  CHECK(flows[0].facts(Side::A).payload_bytes == 5'000'000ULL * 1000);
}

TEST_CASE("a half-closed transfer folds as well") {
  Traffic t;
  t.handshake().b(kFin | kAck, 1, 1).a(kAck, 1, 2);
  for (int i = 0; i < 10'000; ++i) t.a(kAck, 1 + i * 1000, 2, 1000).b(kAck, 2, 1001 + i * 1000);
  const auto flows = t.finish();
  CHECK(flows[0].records.size() < 60);
}

TEST_CASE("an incident is kept with the last before it and the first after it of both sides") {
  Traffic t;
  t.handshake();
  transfer(t, 100);            // frames 4..203
  t.a(kAck, 99'001, 1, 1000);  // 204: again
  transfer(t, 100, 100'001);   // 205..404
  const auto flows = t.finish();
  const FlowTrace& f = flows[0];
  for (const std::uint64_t frame : {202ULL, 203ULL, 204ULL, 205ULL, 206ULL, 403ULL, 404ULL}) {
    INFO(frame);
    CHECK(record_of(f, frame));
  }
  CHECK(record_of(f, 204)->standing.retransmission);
  CHECK_FALSE(record_of(f, 210));
  CHECK(told(f, Side::A) == f.facts(Side::A).packets);
}

TEST_CASE("incidents are bounded: the first and the last stay") {
  Traffic t;
  t.handshake();
  transfer(t, 10);
  for (int i = 0; i < 20'000; ++i) {
    t.a(kAck, 10'001 + i * 1000, 1, 1000).a(kAck, 10'001 + i * 1000, 1, 1000).b(kAck, 1, 11'001 + i * 1000);
  }
  const auto flows = t.finish();
  const FlowTrace& f = flows[0];
  CHECK(f.records.size() < 700);
  CHECK(f.records_left_out == 0);
  const auto resends = std::count_if(f.records.begin(), f.records.end(),
                                     [](const auto& r) { return r.standing.retransmission; });
  CHECK(resends >= 128);
  CHECK(record_of(f, t.fed - 1)->standing.retransmission);
  CHECK(told(f, Side::A) == f.facts(Side::A).packets);
  CHECK(told(f, Side::B) == f.facts(Side::B).packets);
}

TEST_CASE("a silence keeps what stands on both sides of it") {
  Traffic t;
  t.handshake();
  transfer(t, 50);  // to frame 103
  t.wait(2 * kSecond);
  transfer(t, 50, 50'001);
  const auto flows = t.finish();
  for (const std::uint64_t frame : {102ULL, 103ULL, 104ULL, 105ULL}) {
    INFO(frame);
    CHECK(record_of(flows[0], frame));
  }
  CHECK_FALSE(record_of(flows[0], 101));
}

TEST_CASE("silences are bounded") {
  Traffic t;
  t.step = 2 * kSecond;
  t.handshake();
  transfer(t, 5000);
  CHECK(t.finish()[0].records.size() < 300);
}

TEST_CASE("a window that closes and opens is kept") {
  Traffic t;
  t.handshake();
  transfer(t, 50);  // to frame 103
  t.window = 0;
  t.b(kAck, 1, 50'001);
  t.window = 1000;
  t.b(kAck, 1, 50'001);
  transfer(t, 50, 50'001);
  const auto flows = t.finish();
  CHECK(record_of(flows[0], 104));
  CHECK(record_of(flows[0], 105));
}

TEST_CASE("keep_all keeps all") {
  FlowOptions options;
  options.keep_all = [](std::uint64_t flow) { return flow == 0; };
  Traffic t(options);
  t.handshake();
  transfer(t, 500);
  const auto flows = t.finish();
  CHECK(flows[0].records.size() == 1003);
}

TEST_CASE("the bound on records keeps head and tail and says how many it left out") {
  FlowOptions options;
  options.max_records = 100;
  options.keep_all = [](std::uint64_t) { return true; };
  Traffic t(options);
  t.handshake();
  transfer(t, 500);
  const auto flows = t.finish();
  const FlowTrace& f = flows[0];
  CHECK(f.records.size() == 100);
  CHECK(f.records_left_out == 903);
  CHECK(record_of(f, 1));
  CHECK(record_of(f, 50));
  CHECK_FALSE(record_of(f, 51));
  CHECK(record_of(f, 1003));
  CHECK(record_of(f, 954));
  CHECK(told(f, Side::A) == f.facts(Side::A).packets);
}

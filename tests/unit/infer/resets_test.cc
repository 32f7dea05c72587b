#include "analyzer/infer/resets.h"

#include <catch2/catch.hpp>
#include <initializer_list>

namespace tcpautopsy {
namespace {

constexpr std::uint16_t kRefusal = kRst | kAck;
const Seq kIss(1000);

SegmentRecord segment(Side side, std::uint16_t flags, StreamOffset seq, StreamOffset ack) {
  SegmentRecord r;
  r.side = side;
  r.flags = flags;
  r.seq = seq;
  r.ack = ack;
  return r;
}

// The server's RST at the end, of the number 0 on the wire.
ResetReading reading_of(std::initializer_list<SegmentRecord> before) {
  FlowTrace trace;
  for (const SegmentRecord& record : before) trace.records.push_back(record);
  trace.records.push_back(segment(Side::B, kRefusal, -static_cast<StreamOffset>(kIss.raw()), 1));
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    SegmentRecord& r = trace.records[i];
    r.frame = {0, i + 1, static_cast<TimeNs>(i) * kMillisecond};
    r.sent_max = 1;
  }
  SideFacts& server = trace.sides[index(Side::B)];
  server.iss = kIss;
  server.iss_known = true;
  std::vector<ResetReading> readings;
  read_resets(trace, readings);
  REQUIRE(readings.size() == 1);
  return readings.front();
}

}  // namespace

TEST_CASE("a RST of the number 0 refuses a SYN, and no end does that which has answered it") {
  const SegmentRecord syn = segment(Side::A, kSyn, 0, 0), syn_ack = segment(Side::B, kSyn | kAck, 0, 1),
                      ack = segment(Side::A, kAck, 1, 1);
  const ResetReading another_hosts = reading_of({syn, syn_ack, ack});
  CHECK(another_hosts.beyond_window);
  CHECK(another_hosts.odd_sequence);
  // The SYN came again: some stacks refuse that, or nothing listens any more.
  CHECK_FALSE(reading_of({syn, syn_ack, syn}).odd_sequence);
  CHECK_FALSE(reading_of({syn, syn_ack, ack, syn}).odd_sequence);
}

}  // namespace tcpautopsy

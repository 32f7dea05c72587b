#include <catch2/catch.hpp>

#include "analyzer/infer/historian.h"

namespace tcpautopsy {
namespace {

struct Sent {
  Side side = Side::A;
  TimeNs at_ns = 0;
  std::uint16_t flags = 0;
  std::uint32_t payload = 0;
};

constexpr std::uint16_t kSynAckFlags = kSyn | kAck;

FlowHistory history_of(const std::vector<Sent>& segments, TimeNs end_ns = 100 * kSecond) {
  EndedFlow ended;
  FlowTrace& trace = ended.trace;
  trace.client_guessed = false;
  trace.sides[1].rtt_min_ns = 10 * kMillisecond;
  PerSide<StreamOffset> next{};
  for (const Sent& sent : segments) {
    SegmentRecord r;
    r.frame = {0, trace.records.size() + 1, sent.at_ns};
    r.side = sent.side;
    r.flags = sent.flags;
    r.payload = sent.payload;
    r.seq = r.has(kSyn) ? 0 : next[index(sent.side)];
    r.ack = r.has(kAck) ? next[index(other(sent.side))] : 0;
    r.standing.retransmission = r.has(kSyn) && next[index(sent.side)] > 0;
    next[index(sent.side)] = std::max(next[index(sent.side)], r.end());
    SideFacts& facts = trace.sides[index(sent.side)];
    ++facts.packets;
    facts.sent_max = next[index(sent.side)];
    facts.acked_max = std::max(facts.acked_max, r.ack);
    r.contiguous = facts.sent_max;
    trace.records.push_back(r);
  }
  trace.first = trace.records.front().frame;
  trace.last = trace.records.back().frame;
  return infer_history(std::move(ended), Profile{}, end_ns);
}

}  // namespace

TEST_CASE("RSTs numbered 0 of a direction that is all that was captured refuse SYNs") {
  const FlowHistory refused = history_of({{Side::B, 0, kRst | kAck}, {Side::B, kSecond, kRst | kAck}});
  CHECK(refused.handshake == Handshake::Refused);
  CHECK(refused.close == Close::Open);
  CHECK(refused.closed_first == ClosedFirst::None);
  const FlowHistory bare = history_of({{Side::B, 0, kRst}});
  CHECK(bare.handshake == Handshake::None);
  const FlowHistory after_data =
      history_of({{Side::B, 0, kAck | kPsh, 100}, {Side::B, kSecond, kRst | kAck}});
  CHECK(after_data.handshake == Handshake::None);
  const FlowHistory both = history_of({{Side::A, 0, kAck}, {Side::B, kSecond, kRst | kAck}});
  CHECK(both.handshake == Handshake::None);
}

TEST_CASE("a RST before a SYN-ACK that meets no socket refused the connect") {
  const Sent syn{Side::A, 0, kSyn}, refusal{Side::B, kMillisecond, kRst | kAck},
      syn_ack{Side::B, 10 * kMillisecond, kSynAckFlags}, reset{Side::A, 11 * kMillisecond, kRst};
  const FlowHistory refused = history_of({syn, refusal, syn_ack, reset});
  CHECK(refused.handshake == Handshake::Refused);
  CHECK(refused.close == Close::Open);
  CHECK(refused.closed_first == ClosedFirst::None);
  // Taken back by the client itself, before or in place of it.
  CHECK(history_of({syn, syn_ack, reset}).handshake == Handshake::Aborted);
  const Sent early{Side::A, kMillisecond / 2, kRst};
  CHECK(history_of({syn, early, refusal}).handshake == Handshake::Aborted);
}

TEST_CASE("of a plain opening only its three segments are kept") {
  const FlowHistory flow = history_of({{Side::A, 0, kSyn},
                                       {Side::B, 10 * kMillisecond, kSynAckFlags},
                                       {Side::A, 20 * kMillisecond, kAck},
                                       {Side::A, 30 * kMillisecond, kAck | kPsh, 100},
                                       {Side::B, 40 * kMillisecond, kAck}});
  CHECK(flow.opening.plain);
  CHECK(flow.handshake == Handshake::Complete);
  CHECK(flow.opening.syns.count() == 1);
  CHECK(flow.opening.syn_acks.first.record == 1);
  CHECK(flow.opening.completing.record == 2);
  CHECK(flow.opening.syns.again.capacity() == 0);
  CHECK_FALSE(flow.opening.server_knows);
}

TEST_CASE("a listener that throws the handshake away is told by this connection alone") {
  std::vector<Sent> segments{
      {Side::A, 0, kSyn}, {Side::B, 10 * kMillisecond, kSynAckFlags}, {Side::A, 20 * kMillisecond, kAck}};
  SECTION("it ignores and repeats") {
    for (const TimeNs at : {kSecond, 3 * kSecond}) {
      segments.push_back({Side::B, at, kSynAckFlags});
      segments.push_back({Side::A, at + 10 * kMillisecond, kAck});
    }
    const FlowHistory flow = history_of(segments);
    CHECK_FALSE(flow.opening.plain);
    CHECK(flow.opening.thrown_away == ThrownAway::Ignored);
    CHECK(flow.opening.ignored_acks.repeats.size() == 2);
    CHECK(flow.opening.ignored_acks.ignored.size() == 2);
    CHECK(flow.opening.syn_acks.steps().size() == 2);
  }
  SECTION("it resets at once") {
    segments.push_back({Side::B, 30 * kMillisecond, kRst});
    CHECK(history_of(segments).opening.thrown_away == ThrownAway::Reset);
  }
  SECTION("a socket resets later") {
    segments.push_back({Side::B, kSecond, kRst | kAck});
    CHECK(history_of(segments).opening.thrown_away == ThrownAway::No);
  }
  SECTION("one repeat is not enough: the ACK may be lost") {
    segments.push_back({Side::B, kSecond, kSynAckFlags});
    segments.push_back({Side::A, kSecond + 10 * kMillisecond, kAck});
    segments.push_back({Side::B, kSecond + 20 * kMillisecond, kAck | kPsh, 10});
    const FlowHistory flow = history_of(segments);
    CHECK(flow.opening.thrown_away == ThrownAway::No);
    CHECK(flow.opening.ignored_acks.repeats.size() == 1);
    CHECK(flow.opening.server_knows);
  }
}

TEST_CASE("SYNs are counted up to the first answer") {
  const FlowHistory flow = history_of({{Side::A, 0, kSyn},
                                       {Side::A, kSecond, kSyn},
                                       {Side::A, 3 * kSecond, kSyn},
                                       {Side::B, 3 * kSecond + 10 * kMillisecond, kSynAckFlags},
                                       {Side::A, 4 * kSecond, kSyn}});
  CHECK(flow.opening.syns.count() == 4);
  CHECK(flow.opening.syns_unanswered == 3);
  CHECK_FALSE(flow.opening.only_syns);
  CHECK(flow.handshake == Handshake::HalfOpen);
}

TEST_CASE("flags that no TCP sends are of one kind each") {
  CHECK(odd_flags(kFin | kSyn | kRst | kPsh | kAck | kUrg) == OddFlags::All);
  CHECK(odd_flags(kEce) == OddFlags::None);
  CHECK(odd_flags(kSyn | kFin) == OddFlags::SynFin);
  CHECK(odd_flags(kSyn | kRst | kAck) == OddFlags::SynRst);
  CHECK(odd_flags(kFin | kPsh | kUrg) == OddFlags::FinWithoutAck);
  CHECK(odd_flags(kFin | kAck) == std::nullopt);
  CHECK(odd_flags(kRst) == std::nullopt);
}

}  // namespace tcpautopsy

#include <algorithm>

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

bool pure_ack(const SegmentRecord& r) {
  return r.has(kAck) && !r.has(kSyn) && !r.has(kFin) && !r.has(kRst) && r.payload == 0 &&
         !r.standing.keepalive;
}

// In an incarnation that begins with the SYN nothing but that SYN was sent: an ACK of other numbers is of the
// connection before. One of what the SYN's sender sent later answers that.
bool answers_syn(const FlowTrace& trace, const SegmentRecord& syn, RecordIndex i, const SegmentRecord& ack) {
  if (ack.ack == syn.end()) return false;
  const bool synchronised = last_before(trace, i, other(syn.side), [](const SegmentRecord& r) {
                              return r.has(kAck) && !r.has(kRst);
                            }) != kNoRecord;
  if (synchronised) return ack.ack == acked_before(trace, i, ack.side).value;
  return ack.ack <= syn.seq || ack.ack > trace.facts(syn.side).sent_max;
}

bool answers_reset(const FlowTrace& trace, const SegmentRecord& rst, RecordIndex i,
                   const SegmentRecord& ack) {
  const StreamOffset expected = acked_before(trace, i, ack.side).value;
  return rst.seq > expected && ack.ack == expected && rst.seq != ack.ack;
}

// Far outside: neither seen sent until the end of the capture nor a hole of some packets in it.
bool answers_ack(const FlowTrace& trace, const SegmentRecord& odd, RecordIndex i, const SegmentRecord& ack) {
  constexpr StreamOffset kFar = 1 << 16;
  return odd.has(kAck) && !odd.has(kSyn) && !odd.has(kRst) && odd.standing.acks_unseen &&
         odd.ack > trace.facts(ack.side).sent_max + kFar && ack.ack == acked_before(trace, i, ack.side).value;
}

std::optional<Challenged> kind_of(const FlowTrace& trace, const SegmentRecord& asked, RecordIndex i,
                                  const SegmentRecord& ack) {
  if (asked.has(kRst)) {
    if (answers_reset(trace, asked, i, ack)) return Challenged::InexactReset;
  } else if (asked.has(kSyn) && !asked.has(kAck)) {
    if (answers_syn(trace, asked, i, ack)) return Challenged::Syn;
  } else if (answers_ack(trace, asked, i, ack)) {
    return Challenged::AckOfUnsent;
  }
  return std::nullopt;
}

std::optional<ChallengeAck> challenge_to(const FlowTrace& trace, RecordIndex i) {
  const SegmentRecord& asked = trace.records[i];
  const bool syn = asked.has(kSyn) && !asked.has(kAck) && !asked.has(kRst);
  if (asked.copy || (!syn && !asked.has(kRst) && !asked.standing.acks_unseen)) return std::nullopt;
  const Side side = other(asked.side);
  const RecordIndex k = first_after(trace, i, side);
  if (k == kNoRecord) return std::nullopt;
  const SegmentRecord& ack = trace.records[k];
  const TimeNs limit = add_sat(mul_sat(trace.rtt(side).value_or(0), 2), 100 * kMillisecond);
  if (!pure_ack(ack) || ack.frame.time_ns - asked.frame.time_ns > limit) return std::nullopt;
  const auto kind = kind_of(trace, asked, i, ack);
  if (!kind) return std::nullopt;
  ChallengeAck challenge{ref(trace, i), ref(trace, k), *kind};
  // The answer to an ACK takes its number from there (RFC 9293 3.10.7.1).
  challenge.peer_reset = first_after(trace, k, asked.side, [&ack](const SegmentRecord& r) {
                           return r.has(kRst) && !r.has(kSyn) && r.seq == ack.ack;
                         }) != kNoRecord;
  return challenge;
}

}  // namespace

void conclude_challenges(FlowHistory& h) {
  for (RecordIndex i = 0; i < h.records().size(); ++i)
    if (const auto challenge = challenge_to(h.trace, i))
      h.closing.ends[index(other(h.records()[i].side))].challenges.push_back(*challenge);
}

}  // namespace tcpautopsy

#include <algorithm>

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/record_search.h"

namespace tcpautopsy {
namespace {

// The sender of this FIN answers the ACK of it by RST: it had no such connection, so the FIN was a late copy
// of the network's, not sent again by its TCP. A RST that answers anything later tells nothing of the FIN.
bool disowned(const FlowTrace& trace, const Observations& observations, RecordIndex i) {
  const SegmentRecord& fin = trace.records[i];
  const RecordIndex ack = first_after(trace, i, other(fin.side));
  const RecordIndex next = first_after(trace, i, fin.side);
  if (ack == kNoRecord || !trace.records[ack].has(kAck) || trace.records[ack].ack < fin.end()) return false;
  return std::any_of(observations.resets.begin(), observations.resets.end(),
                     [&](const ResetReading& reset) { return reset.record == next && reset.answers == ack; });
}

// In CLOSING some stacks (BSD) carry their FIN again in the ACK of the peer's: no timer sent it, and nothing
// is lost.
bool acknowledges_peers(const FlowHistory& h, RecordIndex i) {
  constexpr TimeNs kAtOnce = 10 * kMillisecond;
  const SegmentRecord& fin = h.records()[i];
  const RecordIndex asked = last_before(h.trace, i, other(fin.side));
  if (asked == kNoRecord || !fin.has(kAck)) return false;
  const SegmentRecord& peers = h.records()[asked];
  const RecordIndex before = last_before(h.trace, i, fin.side);
  return peers.has(kFin) && fin.ack == peers.end() && before < asked && h.records()[before].ack < fin.ack &&
         fin.frame.time_ns - peers.frame.time_ns <= h.rtt(fin.side).value_or(0) + kAtOnce;
}

// Its alleged sender sends octets at its number or beyond: a FIN of another, or one that stands in no place.
bool outlived(const FlowTrace& trace, RecordIndex i) {
  const SegmentRecord& fin = trace.records[i];
  return first_after(trace, i, fin.side, [&fin](const SegmentRecord& r) {
           return r.payload > 0 && !r.has(kSyn) && !r.has(kRst) && r.seq + r.payload >= fin.end();
         }) != kNoRecord;
}

// Sendings and the first acknowledgment, from its first sending on. A FIN that its sender outlives counts
// only where there is no other.
std::optional<FinVerdict> find_fin(const FlowHistory& h, const Observations& observations, Side side) {
  const RecordIndex from = observations.streams[index(side)].first_fin;
  if (from == kNowhere) return std::nullopt;
  FinVerdict fin;
  for (RecordIndex i = from; i < h.records().size(); ++i) {
    const SegmentRecord& r = h.records()[i];
    if (r.copy || is_old_duplicate(h.trace, i)) continue;
    if (r.side == side) {
      if (!r.has(kFin) || r.has(kSyn) || r.has(kRst)) continue;
      const bool other_place = fin.first && r.end() > fin.end && outlived(h.trace, fin.first.record);
      if (other_place) fin = {};
      if (!fin.first) {
        fin.first = ref(h.trace, i);
        fin.end = r.end();
        fin.fate = h.deliveries[i].fate;
      } else if (r.end() == fin.end && !acknowledges_peers(h, i) && !disowned(h.trace, observations, i)) {
        fin.resends.push_back(ref(h.trace, i));
      }
    } else if (fin.first && !fin.acked_by && r.has(kAck) && r.ack >= fin.end && !damaged(h.trace, r)) {
      fin.acked_by = ref(h.trace, i);
      fin.acked_by_reset = r.has(kRst);
    }
  }
  if (!fin.first) return std::nullopt;
  return fin;
}

std::vector<LostAck> lost_acks(const FlowHistory& h, Side side, const FinVerdict& fin,
                               StreamOffset peer_end) {
  std::vector<LostAck> lost;
  const TimeNs way = h.rtt(side).value_or(0);
  for (const SegmentRef& resend : fin.resends) {
    const SegmentRecord& again = h.records()[resend.record];
    // The peer's FIN has arrived: LAST-ACK or CLOSING, not FIN-WAIT-1.
    if (!again.has(kAck) || again.ack < peer_end) continue;
    const RecordIndex ack = last_before(h.trace, resend.record, other(side), [&](const SegmentRecord& r) {
      return r.has(kAck) && !r.has(kRst) && r.ack >= fin.end && again.frame.time_ns - r.frame.time_ns > way;
    });
    if (ack != kNoRecord && ack >= fin.first.record) lost.push_back({ref(h.trace, ack), resend});
  }
  return lost;
}

// Once its FIN was acknowledged, `side` acknowledged data sent later: somebody was still there to read it.
bool took_data_after(const FlowHistory& h, Side side, RecordIndex fin_acked) {
  const RecordIndex data = first_after(h.trace, fin_acked, other(side), [](const SegmentRecord& r) {
    return r.payload > 0 && !r.standing.retransmission && !r.standing.keepalive;
  });
  return data != kNoRecord && h.trace.facts(side).acked_max > h.records()[data].seq;
}

// Data that passed after the FIN and does not acknowledge it.
SegmentRef crossing(const FlowTrace& trace, Side side, const FinVerdict& fin) {
  const RecordIndex data = first_after(trace, fin.first.record, other(side), [](const SegmentRecord& r) {
    return r.payload > 0 && !r.standing.retransmission && !r.standing.keepalive;
  });
  if (data == kNoRecord || !trace.records[data].has(kAck) || trace.records[data].ack >= fin.end) return {};
  return ref(trace, data);
}

TimeNs idle_before(const FlowTrace& trace, const SegmentRef& segment) {
  TimeNs last = trace.first.time_ns;
  for (const Side side : {Side::A, Side::B})
    if (const RecordIndex i = last_before(trace, segment.record, side); i != kNoRecord)
      last = std::max(last, trace.records[i].frame.time_ns);
  return std::max<TimeNs>(segment.time_ns() - last, 0);
}

// When the FIN was first sent, the peer's had arrived: it acknowledges that, or a segment does that was sent
// before it.
bool sent_knowing_of(const FlowTrace& trace, Side side, RecordIndex first, const FinVerdict& peers) {
  const SegmentRecord& fin = trace.records[first];
  const auto acknowledges = [&](const SegmentRecord& r) { return r.has(kAck) && r.ack >= peers.end; };
  return acknowledges(fin) || last_before(trace, first, side, [&](const SegmentRecord& r) {
                                return acknowledges(r) && !r.has(kRst) && r.end() <= fin.seq;
                              }) != kNoRecord;
}

void complete(const FlowHistory& h, Side side, const FinVerdict* peer, FinVerdict& fin) {
  fin.knew_of_peers = peer != nullptr && sent_knowing_of(h.trace, side, fin.first.record, *peer);
  fin.met_reset = first_after(h.trace, fin.first.record, other(side),
                              [](const SegmentRecord& r) { return r.has(kRst); }) != kNoRecord;
  fin.took_data_after = fin.acked_by && took_data_after(h, side, fin.acked_by.record);
  fin.idle_ns = idle_before(h.trace, fin.first);
  fin.crossed_by = crossing(h.trace, side, fin);
  fin.peer_heard = ref(h.trace, last_before(h.trace, h.records().size(), other(side)));
  if (fin.resends.empty() || peer == nullptr) return;
  fin.lost_acks = lost_acks(h, side, fin, peer->end);
  fin.answer = ref(h.trace, first_after(h.trace, fin.last().record, other(side), [&](const SegmentRecord& r) {
                     return (r.has(kAck) && r.ack >= fin.end) || r.has(kRst);
                   }));
  fin.answered_by_reset = fin.answer && h.records()[fin.answer.record].has(kRst);
}

// New data of `side`, sent knowing of the peer's FIN.
std::optional<SentAfterPeersFin> sent_after(const FlowHistory& h, Side side, const FinVerdict& peers) {
  SentAfterPeersFin data;
  StreamOffset begin = 0, end = 0;
  for (RecordIndex i = peers.first.record + 1; i < h.records().size(); ++i) {
    const SegmentRecord& r = h.records()[i];
    if (r.side != side || r.copy || r.standing.retransmission || r.standing.keepalive || r.payload == 0)
      continue;
    if (!r.has(kAck) || r.ack < peers.end || r.has(kRst)) continue;
    if (!data.first) {
      data.first = ref(h.trace, i);
      begin = r.seq;
    }
    data.last = ref(h.trace, i);
    end = r.seq + r.payload;
  }
  const bool taken = h.trace.facts(other(side)).acked_max > begin;
  if (!data.first || !taken) return std::nullopt;
  data.octets = end - begin;
  return data;
}

// Nothing the endpoint sent may be holding its FIN back.
bool free_to_close(const FlowHistory& h, Side side, StreamOffset sent) {
  if (h.trace.facts(other(side)).acked_max < sent) return false;
  const RecordIndex last = last_before(h.trace, h.records().size(), other(side),
                                       [](const SegmentRecord& r) { return r.has(kAck) && !r.has(kRst); });
  return last != kNoRecord && h.records()[last].window != 0;
}

RecordIndex last_data(const FlowHistory& h, Side side) {
  return last_before(h.trace, h.records().size(), side,
                     [](const SegmentRecord& r) { return r.payload > 0 && !r.standing.keepalive; });
}

bool may_have_closed_before(const FlowHistory& h, Side side) {
  return last_data(h, side) == kNoRecord && !h.trace.facts(side).syn_seen;
}

std::optional<LeftOpen> left_open(const FlowHistory& h, Side side) {
  const FinVerdict* const peers = h.closing.fin(other(side));
  if (peers == nullptr || !peers->acked_by || h.closing.fin(side) != nullptr || h.closing.any_reset)
    return std::nullopt;
  const bool replaced = h.trace.successor && h.trace.successor->answered;
  if (replaced || h.outcome(side).final != TcpState::CloseWait) return std::nullopt;
  const SegmentRef data = ref(h.trace, last_data(h, side));
  if (!free_to_close(h, side, data ? h.records()[data.record].end() : 0)) return std::nullopt;
  if (h.closing.of(side).may_have_closed_first) return std::nullopt;
  LeftOpen open;
  open.since_ns = std::max(peers->acked_by.time_ns(), data ? data.time_ns() : 0);
  if (data && data.record > peers->acked_by.record) open.data_after_fin = data;
  open.may_have_closed_before = may_have_closed_before(h, side);
  return open;
}

}  // namespace

std::vector<SegmentRef> FinVerdict::sendings() const {
  std::vector<SegmentRef> all{first};
  all.insert(all.end(), resends.begin(), resends.end());
  return all;
}

void conclude_fins(const Observations& observations, FlowHistory& h) {
  ClosingVerdicts& closing = h.closing;
  for (const Side side : {Side::A, Side::B}) closing.ends[index(side)].fin = find_fin(h, observations, side);
  for (const Side side : {Side::A, Side::B}) {
    EndClosing& end = closing.ends[index(side)];
    const FinVerdict* const peers = closing.fin(other(side));
    if (end.fin) complete(h, side, peers, *end.fin);
    if (peers == nullptr) continue;
    end.sent_after_peers_fin = sent_after(h, side, *peers);
    end.may_have_closed_first =
        !end.fin && may_have_closed_before(h, side) && last_data(h, other(side)) == kNoRecord;
    // In what was not captured of it, it may have closed first.
    if (!observations.streams[index(side)].begun_apart) end.left_open = left_open(h, side);
  }
}

}  // namespace tcpautopsy

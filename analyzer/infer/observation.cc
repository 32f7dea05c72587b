#include "analyzer/infer/observation.h"

#include <algorithm>

#include "analyzer/infer/expected_replies.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

using enum TcpState;

constexpr StateSet kBeforeOwnFin{Established, CloseWait, SynReceived};
constexpr StateSet kOwnFinOutstanding{FinWait1, Closing, LastAck};
constexpr StateSet kPeerFinNotArrived{SynReceived, Established, FinWait1, FinWait2};

// Running knowledge while the records are read in order.
struct Progress {
  HighestAck acked;
  std::uint32_t ts_val = 0;  // latest of its timestamps
  bool has_ts = false;
  bool past_handshake = false;  // it sent more than SYNs
  bool only_syns = true, sent_syn = false;
  StreamOffset syn_end = 0;                     // the highest that its SYNs came to: SND.NXT in SYN-SENT
  StreamOffset told_nxt = 0;                    // SND.NXT, as its latest segment without octets tells it
  bool reset = false;                           // it sent a RST, and nothing after
  bool past_fin = false;                        // what it sent stands past its FIN, captured or not yet
  std::optional<TimeNs> last_ns;                // of its latest segment
  const SegmentRecord* latest_reset = nullptr;  // of those that are its own

  void note_kind(const SegmentRecord& r) {
    if (r.copy) return;
    last_ns = r.frame.time_ns;
    only_syns = only_syns && means_syn(r.flags);
    sent_syn = sent_syn || r.has(kSyn);
    if (means_syn(r.flags)) syn_end = std::max(syn_end, r.end());
    if (r.sequence_length() == 0 && !r.has(kRst)) told_nxt = r.seq;
  }
};

// RFC 9293 3.10.7.3, first and second check: in SYN-SENT a segment counts only if its ACK lies in
// (ISS, SND.NXT]. Where its sender sent a SYN too, the receiver may have left SYN-SENT. `sent_max`: of the
// receiver in the whole capture, which may have missed the rest of the handshake; a RST without a socket
// knows no more than the SYN.
bool unacceptable_to_syn(const SegmentRecord& r, Sends kind, const Progress& sender, const Progress& receiver,
                         StreamOffset sent_max) {
  if (receiver.syn_end == 0 || !receiver.only_syns || sender.sent_syn) return false;
  if (kind == Sends::Rst) return !r.has(kAck) || r.ack < 1 || r.ack > receiver.syn_end;
  return kind == Sends::Ack && r.has(kAck) && (r.ack < 1 || r.ack > std::max(receiver.syn_end, sent_max));
}

// The last segment before record `reset` that acknowledges its number and came since its sender's one before;
// kNoRecord if that is not it.
RecordIndex acknowledged_by_last(const FlowTrace& trace, RecordIndex reset) {
  const SegmentRecord& rst = trace.records[reset];
  for (RecordIndex i = reset; i-- > 0 && trace.records[i].side != rst.side;) {
    const SegmentRecord& r = trace.records[i];
    if (!r.copy && r.has(kAck) && !r.has(kSyn) && !r.has(kRst) && r.ack == rst.seq) return i;
  }
  return kNoRecord;
}

// The segments that a client in SYN-SENT has answered by a RST, as it does those that acknowledge what it
// never sent (RFC 9293 3.10.7.3, first check): of no socket that answers its SYN.
std::vector<RecordIndex> refused_in_syn_sent(const FlowTrace& trace) {
  std::vector<RecordIndex> refused;
  const auto bare_rst = [](const SegmentRecord& r) { return means_rst(r.flags) && !r.has(kAck); };
  if (std::none_of(trace.records.begin(), trace.records.end(), bare_rst)) return refused;
  PerSide<Progress> progress;
  for (RecordIndex i = 0; i < trace.records.size() && !trace.self_connection; ++i) {
    const SegmentRecord& r = trace.records[i];
    Progress& sender = progress[index(r.side)];
    const bool refuses = bare_rst(r) && !r.copy && sender.only_syns && sender.syn_end > 0 &&
                         r.seq != sender.syn_end && !progress[index(other(r.side))].sent_syn;
    const RecordIndex met = refuses ? acknowledged_by_last(trace, i) : kNoRecord;
    if (met != kNoRecord) refused.push_back(met);
    if (met == kNoRecord) sender.note_kind(r);
  }
  return refused;
}

// The same SYN is sent again after a RST in its sender's name: the RST was another's, and so was what it met
// (a firewall, another host of that address).
void take_no_syn_ack(const FlowTrace& trace, const ResetReading& reset, Observations& observations) {
  if (reset.goes_on == kNoRecord || !trace.records[reset.goes_on].has(kSyn)) return;
  const SegmentRecord& rst = trace.records[reset.record];
  const RecordIndex met = last_before(trace, reset.record, other(rst.side), [&](const SegmentRecord& r) {
    return r.has(kSyn | kAck) && r.ack == rst.seq;
  });
  if (met == kNoRecord) return;
  observations.records[met].triggers = 0;
  observations.records[met].miss_cost = 0;
}

// The first segment that shows FIN `fin` to be sent: it, or what stands behind it and was captured before.
std::size_t shown_by(const FlowTrace& trace, std::size_t fin) {
  const SegmentRecord& f = trace.records[fin];
  for (std::size_t i = 0; i < fin; ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.side == f.side && !r.copy && !r.has(kSyn) && !r.has(kRst) && r.seq == f.end()) return i;
  }
  return fin;
}

// Segments that the sender of FIN `fin` sent and the capture missed since the last that shows no FIN, by its
// IP IDs (Linux counts them up for each connection). 0 where there is no telling: no IDs, a super-segment
// before it, or something in between that may have been acknowledged in place of a FIN.
std::size_t lost_before(const FlowTrace& trace, std::size_t fin) {
  const std::size_t shown = shown_by(trace, fin);
  const SegmentRecord& f = trace.records[shown];
  constexpr std::uint32_t kMostLost = 3;
  bool may_have_acknowledged = false;
  for (std::size_t i = shown; i-- > 0;) {
    const SegmentRecord& r = trace.records[i];
    if (r.side != f.side) {
      may_have_acknowledged = may_have_acknowledged || (r.sequence_length() > 0 && r.end() > f.ack - 1 &&
                                                        r.frame.time_ns + kSecond > f.frame.time_ns);
      continue;
    }
    const std::optional<std::uint32_t> missed = missed_between(r, f);
    if (r.copy || r.has(kSyn) || !missed || *missed > kMostLost || r.end() != trace.records[fin].seq)
      return 0;
    // What stands behind a FIN proves one of them to be it.
    const bool surely_fins = shown != fin && *missed == 1;
    return surely_fins || !may_have_acknowledged ? *missed : 0;
  }
  return 0;
}

// Only the other direction was captured: what it acknowledges is all that is known of `unseen`. Its FIN comes
// after all else that it sent. A step of one number, the first and the last such, before or after a FIN of
// the peer's is a FIN sooner than an octet of data.
void read_acknowledged(const FlowTrace& trace, StreamFacts& unseen) {
  StreamOffset step = 0;
  bool any = false, steps_of_one = false, fin = false;
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    fin = fin || (r.has(kFin) && !r.has(kRst));
    if (!r.has(kAck) || r.has(kRst) || r.copy || (any && r.ack <= unseen.acked_last)) continue;
    steps_of_one = steps_of_one || step == 1;
    step = any && unseen.acked_last >= 1 ? r.ack - unseen.acked_last : 0;
    unseen.acked_more = any;
    any = true;
    unseen.acked_last = r.ack;
    unseen.first_acked_last = i;
  }
  unseen.not_captured = any;  // SYNs alone acknowledge nothing: more likely nobody answered
  unseen.fin_likely = fin && step == 1 && !steps_of_one;
}

void note_unseen_fin(const FlowTrace& trace, Side sender, StreamOffset fin_end, StreamFacts& s) {
  s.fin_end = fin_end;
  for (std::size_t i = 0; i < trace.records.size() && s.fin_acked_by == kNowhere; ++i)
    if (trace.records[i].side != sender && trace.records[i].has(kAck) && trace.records[i].ack >= fin_end)
      s.fin_acked_by = i;
}

// Octets at the end of a stream that the capture missed, acknowledged by the FIN of the other end: their
// sender's FIN may be among them.
void note_missed_end(const FlowTrace& trace, Side sender, Observations& observations) {
  StreamFacts& s = observations.streams[index(sender)];
  const StreamFacts& other_end = observations.streams[index(other(sender))];
  const SideFacts& f = trace.facts(sender);
  const StreamOffset acked = trace.facts(other(sender)).acked_max;
  if (s.first_fin != kNowhere || s.sent_rst || other_end.first_fin == kNowhere || f.packets == 0 ||
      f.sent_max <= 0 || acked <= f.sent_max + 1 || trace.records[other_end.first_fin].ack < acked)
    return;
  s.missed_end = acked;
  for (std::size_t i = 0; i < trace.records.size() && s.end_acked_by == kNowhere; ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.side != sender && r.has(kAck) && !r.has(kRst) && r.ack >= acked) s.end_acked_by = i;
  }
}

// A FIN at a number that fits nothing: its receiver acknowledges octets beyond it, so that no FIN stands
// there, or it lies further ahead than any window of what was sent and acknowledged (RFC 9293 3.10.7.4, first
// check).
bool fin_out_of_place(const FlowTrace& trace, const SegmentRecord& r) {
  if (!r.has(kFin) || r.has(kSyn) || trace.self_connection) return false;
  constexpr StreamOffset kFarAhead = 1 << 20;
  const SideFacts& receiver = trace.facts(other(r.side));
  if (receiver.packets == 0) return false;
  const StreamOffset taken = std::min(receiver.acked_max, trace.facts(r.side).sent_max);
  return taken > r.end() || (r.seq > r.sent_max + kFarAhead && receiver.acked_max < r.seq);
}

// Of a stream that shows no new octet: whether it began before it was captured. Where the other's SYN was
// captured, its own first segment tells, by standing beyond the first number.
void note_beginning(const FlowTrace& trace, Side side, PerSide<StreamFacts>& streams) {
  StreamFacts& own = streams[index(side)];
  const StreamFacts& peer = streams[index(other(side))];
  if (own.sent_syn || own.sent_syn_ack) return;
  const bool from_one_moment = !peer.sent_syn && !peer.sent_syn_ack;
  own.begun_apart =
      !from_one_moment && own.first_record != kNowhere && trace.records[own.first_record].seq > 1;
  own.fin_may_precede = from_one_moment || own.begun_apart;
}

bool is_among(const std::vector<RecordIndex>& sorted, RecordIndex i) {
  return std::binary_search(sorted.begin(), sorted.end(), i);
}

void read_streams(const FlowTrace& trace, Observations& observations, const std::vector<RecordIndex>& refused,
                  bool may_miss) {
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    StreamFacts& s = observations.streams[index(r.side)];
    if (s.first_record == kNowhere && !r.copy) s.first_record = i;
    s.last_record = i;
    s.sent_new = s.sent_new || (r.sequence_length() > 0 && !r.standing.keepalive && !r.has(kRst));
    if (r.has(kRst)) s.sent_rst = true;
    if (r.has(kSyn) && !r.has(kRst) && !opens_nothing(trace, i, s.sent_syn_ack))
      (r.has(kAck) ? s.sent_syn_ack : s.sent_syn) = true;
    if (r.has(kSyn | kAck) && r.ack > 1) s.took_early_data = true;
    if (!r.has(kFin) || r.has(kSyn) || r.has(kRst) || fin_out_of_place(trace, r) || is_among(refused, i))
      continue;
    if (s.first_fin == kNowhere) {
      s.first_fin = i;
      s.lost_fins = lost_before(trace, i);
    }
    s.fin_end = std::max(s.fin_end, r.end());
  }
  for (Side side : {Side::A, Side::B}) {
    StreamFacts& s = observations.streams[index(side)];
    const SideFacts& f = trace.facts(side);
    s.rtt_ns = f.rtt_min_ns.value_or(0);
    s.hole_for_good = s.last_record != kNowhere && trace.records[s.last_record].contiguous < f.sent_max;
    const StreamOffset acked = trace.facts(other(side)).acked_max;
    s.unseen_fin = !may_miss && s.first_fin == kNowhere && f.sent_max > 0 && acked == f.sent_max + 1;
    if (trace.one_sided() && f.packets == 0) read_acknowledged(trace, s);
    if (s.unseen_fin) note_unseen_fin(trace, side, acked, s);
    if (!s.sent_new && !s.unseen_fin) note_beginning(trace, side, observations.streams);
    if (!trace.self_connection) note_missed_end(trace, side, observations);
    observations.capture_missed = observations.capture_missed || s.unseen_fin || s.hole_for_good ||
                                  (f.packets > 0 && acked > f.sent_max);
  }
}

// A SYN-ACK of another initial number than the one that its receiver took: another host answered, or a socket
// before.
bool not_taken(const FlowTrace& trace, const SegmentRecord& r) {
  return r.has(kSyn | kAck) && r.seq != 0 && !trace.self_connection && trace.facts(r.side).iss_known &&
         trace.facts(other(r.side)).acked_max >= 1;
}

// Damaged so that it acknowledges what was never sent: its number tells nothing of its sender either.
bool acknowledges_nothing(const FlowTrace& trace, const SegmentRecord& r) {
  return r.has(kAck) && !trace.self_connection && r.ack > trace.facts(other(r.side)).sent_max + 1 &&
         trace.facts(other(r.side)).packets > 0 && damaged(trace, r);
}

// A RST without ACK, SYN or FIN games: by kind only.
bool odd_flags(const SegmentRecord& r) {
  return (r.has(kSyn) && (r.has(kFin) || r.has(kRst))) || (r.has(kFin) && r.has(kRst)) ||
         (r.flags & (kSyn | kFin | kRst | kAck)) == 0;
}

Sends kind_of(const SegmentRecord& r) {
  if (r.has(kRst)) return Sends::Rst;
  if (r.has(kSyn)) return r.has(kAck) ? Sends::SynAck : Sends::Syn;
  return r.has(kFin) ? Sends::Fin : Sends::Ack;
}

// A SYN-ACK right behind a RST that stands past it in the same stream: the socket that sent both sent it
// first.
bool reset_overtook(const FlowTrace& trace, const SegmentRecord& r, const Progress& sender) {
  const SegmentRecord* const reset = sender.latest_reset;
  return r.has(kSyn | kAck) && reset != nullptr && reset->seq > r.seq && reset->seq <= r.end() &&
         r.frame.time_ns - reset->frame.time_ns <= reordering_slack(trace);
}

// Data sent again behind the FIN, sooner after its sender's segment before than a timer sends (the least
// RTO): where that one overtook it, it is older than the FIN, or than an ACK of it that had come meanwhile.
bool resend_overtaken(const FlowTrace& trace, const SegmentRecord& r, const Progress& sender) {
  constexpr TimeNs kLeastRto = 200 * kMillisecond;
  const bool newer = r.has(kAck) && sender.acked.any && r.ack > sender.acked.value;
  return r.standing.retransmission && !r.has(kFin) && !newer && sender.last_ns &&
         r.frame.time_ns - *sender.last_ns < std::max(reordering_slack(trace), kLeastRto);
}

// Behind the FIN, or what stands past it, stands what was sent before it and reordered, or sent again:
// nothing tells. Where the FIN is still to come, so does what the capture sees for the first time.
bool below_own_fin(const FlowTrace& trace, const SegmentRecord& r, const Progress& sender, bool after_own_fin,
                   StreamOffset own_fin_end) {
  if (r.standing.fills_gap || resend_overtaken(trace, r, sender)) return true;
  if (r.has(kFin)) return false;
  if (r.payload == 0) return r.seq < own_fin_end;
  return !after_own_fin && !r.standing.retransmission && !r.standing.keepalive && r.end() < own_fin_end;
}

// Sent before something that the capture saw earlier: its acknowledgment or its timestamp is behind (RFC
// 9293 3.4: RCV.NXT never goes back; RFC 7323 5.3: nor does TSval).
bool displaced(const FlowTrace& trace, const SegmentRecord& r, const Progress& sender, bool after_own_fin,
               StreamOffset own_fin_end) {
  if (r.copy || odd_flags(r)) return true;
  if (r.has(kRst)) return false;
  if (r.has(kAck) && sender.acked.any && r.ack < sender.acked.value) return true;
  if (r.has(kSyn) ? sender.past_handshake || reset_overtook(trace, r, sender) : sender.reset) return true;
  if (r.has_timestamps && sender.has_ts && r.ts_val != sender.ts_val)
    return static_cast<std::int32_t>(r.ts_val - sender.ts_val) < 0;
  const bool behind_fin = after_own_fin || (sender.past_fin && !r.has(kFin));
  return behind_fin && below_own_fin(trace, r, sender, after_own_fin, own_fin_end);
}

// Whether the acknowledgment covers the other side's FIN cannot be told: the capture does not know that FIN.
bool fin_unknown(const SegmentRecord& r, const StreamFacts& peer) {
  if (peer.not_captured) return r.ack >= peer.acked_last;
  if (peer.fin_may_precede) return true;
  return peer.fin_end == 0 && (r.standing.acks_unseen || peer.fin_may_be_missed);
}

StateSet states_by_own_fin(const SegmentRecord& r, const StreamFacts& own, bool own_fin_seen) {
  constexpr StateSet kAny = kBeforeOwnFin | kAfterOwnFin;
  if (r.standing.keepalive) return kAny;  // at SND.NXT-1, which tells nothing
  // Data may be sent again after a FIN that was lost before the capture point, even if the capture sees it
  // for the first time.
  if (r.payload > 0)
    return own_fin_seen && (r.standing.retransmission || r.standing.fills_gap)
               ? kOwnFinOutstanding
               : kBeforeOwnFin | kOwnFinOutstanding;
  // A bare ACK carries SND.NXT, which is past the FIN once that is sent.
  if (own.fin_end == 0)
    return own.fin_may_be_missed || own.fin_may_precede || r.seq > r.contiguous ? kAny : kBeforeOwnFin;
  return r.seq >= own.fin_end ? kAfterOwnFin : kBeforeOwnFin;
}

StateSet states_after_ack(const SegmentRecord& r, const StreamFacts& own, const StreamFacts& peer,
                          bool own_fin_seen) {
  const StateSet set = states_by_own_fin(r, own, own_fin_seen);
  if (!r.has(kAck) || fin_unknown(r, peer)) return set;
  return set & (peer.fin_end > 0 && r.ack >= peer.fin_end ? kPeerFinArrived : kPeerFinNotArrived);
}

StateSet states_after(const SegmentRecord& r, Sends kind, const StreamFacts& own, const StreamFacts& peer,
                      bool own_fin_seen) {
  switch (kind) {
    case Sends::Syn: return {SynSent};
    case Sends::SynAck: return {SynReceived};
    case Sends::Rst: return {Closed, Listen, SynSent, SynReceived};
    case Sends::Fin:
      if (!r.has(kAck) || fin_unknown(r, peer)) return kOwnFinOutstanding;
      return peer.fin_end > 0 && r.ack >= peer.fin_end ? StateSet{Closing, LastAck} : StateSet{FinWait1};
    case Sends::Ack: return states_after_ack(r, own, peer, own_fin_seen);
  }
  return {};
}

// It does, or it may, where that FIN was not captured: of a stream whose beginning is known there must be a
// number beyond the SYN.
bool acks_fin(const SegmentRecord& r, const StreamFacts& from, const StreamFacts& to) {
  if (to.fin_may_precede && !to.not_captured) return true;
  if (to.missed_end > 0) return r.ack >= to.missed_end;
  if (to.fin_may_be_missed && to.fin_end == 0 && r.standing.acks_unseen) return true;
  if (!to.not_captured) return to.fin_end > 0 && r.ack >= to.fin_end;
  const bool begins_seen = from.sent_syn || from.sent_syn_ack;
  return r.ack >= to.acked_last && (to.acked_last > 1 || !begins_seen);
}

// One octet that was not seen before, right below SND.NXT as an earlier segment told it, or nothing ever went
// beyond: it may be sent again, or be the rubbish of a keep-alive (RFC 9293 3.8.4) behind a FIN that was not
// captured. What a write ends in carries PSH.
bool may_be_probe(const SegmentRecord& r, const Progress& sender, StreamOffset sent_max,
                  const StreamFacts& own, const StreamFacts& peer) {
  const bool last = r.end() == sender.told_nxt || (r.end() == sent_max && !r.has(kPsh));
  return r.payload == 1 && r.sequence_length() == 1 && last && own.fin_end == 0 &&
         (own.fin_may_be_missed || own.fin_may_precede || peer.not_captured);
}

SegmentRecord as_probe(SegmentRecord r) {
  r.standing.keepalive = true;
  return r;
}

std::uint8_t triggers_of(const SegmentRecord& r, Sends kind, const Observations& observations,
                         const StreamFacts& to, bool own_fin_seen) {
  const StreamFacts& from = observations.streams[index(r.side)];
  unsigned t = 0;
  if (kind == Sends::Rst) return kGotRst;
  if (kind == Sends::Syn) t |= kGotSyn;
  if (kind == Sends::SynAck && r.ack >= 1) t |= kGotSynAck;
  if (r.has(kAck) && r.ack >= 1) t |= kGotAckOfSyn;
  if (r.has(kAck) && acks_fin(r, from, to)) t |= kGotAckOfFin;
  const bool fin_or_fills = r.has(kFin) || (own_fin_seen && r.payload > 0 && r.seq < from.fin_end);
  if (fin_or_fills && (from.hole_for_good || r.contiguous >= from.fin_end)) t |= kGotFin;
  return static_cast<std::uint8_t>(t);
}

// The receiver of an inexact RST has sent nothing since, though a challenge ACK was due.
bool unchallenged(const FlowTrace& trace, RecordIndex reset, const StreamFacts& receiver,
                  TimeNs capture_end_ns) {
  const SegmentRecord& r = trace.records[reset];
  return !trace.one_sided() && first_after(trace, reset, other(r.side)) == kNoRecord &&
         capture_end_ns - r.frame.time_ns > receiver.rtt_ns + weights::kPatienceForEver;
}

// The RST's sender, before it.
bool silent_for_long(const FlowTrace& trace, RecordIndex reset) {
  const SegmentRecord& rst = trace.records[reset];
  const RecordIndex last = last_before(trace, reset, rst.side);
  return last != kNoRecord &&
         sub_sat(rst.frame.time_ns, trace.records[last].frame.time_ns) >= kForgottenAfter;
}

void judge_reset(const FlowTrace& trace, const ResetReading& reset, const StreamFacts& peer,
                 TimeNs capture_end_ns, Observation& m) {
  const SegmentRecord& r = trace.records[reset.record];
  m.damaged_rst = reset.damaged;
  if (reset.damaged) {
    m.constrains = !odd_flags(r) && reset.goes_on == kNoRecord;
    m.triggers = 0;
    return;
  }
  m.refuses_probe = reset.answers != kNoRecord && trace.records[reset.answers].standing.keepalive;
  m.after_silence = !r.has(kAck) && reset.answers != kNoRecord && silent_for_long(trace, reset.record);
  m.acknowledges_fin = r.has(kAck) && peer.fin_end > 0 && r.ack == peer.fin_end;
  if (reset.forged()) m.constrains = false;
  if (reset.beyond_window) m.triggers = 0;
  if (!reset.inexact) return;
  m.deliver_cost = unchallenged(trace, reset.record, peer, capture_end_ns) ? weights::kInexactRstUnanswered
                                                                           : weights::kInexactRst;
  m.miss_cost = 0;
}

// The last segment of the FIN's receiver that left before the FIN came, by what it acknowledges.
RecordIndex last_without(const FlowTrace& trace, RecordIndex fin) {
  const SegmentRecord& f = trace.records[fin];
  RecordIndex last = kNoRecord;
  for (RecordIndex i = fin + 1; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.side == f.side || r.copy || !r.has(kAck) || r.has(kRst)) continue;
    if (r.ack >= f.end()) break;
    last = i;
  }
  return last;
}

// It passed right behind data that `reply` acknowledges without it, a round trip after both: the reply
// answers the data, and had left when the FIN came.
bool right_behind_data(const FlowTrace& trace, RecordIndex fin, RecordIndex reply, TimeNs rtt) {
  constexpr TimeNs kTogether = 2 * kMillisecond;
  const SegmentRecord& f = trace.records[fin];
  const SegmentRecord& r = trace.records[reply];
  const RecordIndex data = last_before(trace, fin, f.side);
  if (data == kNoRecord || r.ack != f.seq) return false;
  const SegmentRecord& d = trace.records[data];
  return d.payload > 0 && d.end() == f.seq && f.frame.time_ns - d.frame.time_ns <= kTogether &&
         r.frame.time_ns - f.frame.time_ns <= rtt + rtt / 8 + kMillisecond;
}

// A FIN that came for certain, or may have, and that its receiver's segments do not acknowledge though a
// round trip has gone by: it came later than that.
void note_late_fin(const FlowTrace& trace, Side side, Observations& observations) {
  const std::size_t fin = observations.streams[index(side)].first_fin;
  if (fin == kNowhere) return;
  const RecordIndex reply = last_without(trace, fin);
  if (reply == kNoRecord) return;
  Observation& m = observations.records[fin];
  const TimeNs rtt = observations.streams[index(other(side))].rtt_ns;
  if (m.miss_cost >= weights::kCertain || right_behind_data(trace, fin, reply, rtt))
    m.due_ns = add_sat(trace.records[reply].frame.time_ns, 1);
}

// An ACK of something not yet sent is answered and dropped (RFC 9293 3.10.7.4). That it had not been is
// certain where all of the stream was captured, to its FIN.
bool acks_the_unsent(const FlowTrace& trace, const SegmentRecord& r, const StreamFacts& peer, Side to) {
  return r.has(kAck) && !r.has(kRst) && peer.fin_end > 0 && r.ack > peer.fin_end &&
         trace.facts(to).sent_max == peer.fin_end;
}

}  // namespace

void observe(const FlowTrace& trace, TimeNs capture_end_ns, bool may_miss, Observations& observations) {
  observations.records.assign(trace.records.size(), {});
  observations.streams = {};
  observations.capture_missed = false;
  const std::vector<RecordIndex> refused = refused_in_syn_sent(trace);
  read_streams(trace, observations, refused, may_miss);
  for (StreamFacts& stream : observations.streams) stream.fin_may_be_missed = may_miss;
  observations.resets.clear();
  if (observations.streams[0].sent_rst || observations.streams[1].sent_rst)
    read_resets(trace, observations.resets);
  auto reset = observations.resets.cbegin();
  PerSide<Progress> progress;
  PerSide<bool> fin_seen{};
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    const Side to = trace.self_connection ? r.side : other(r.side);
    Progress& sender = progress[index(r.side)];
    const StreamFacts& own = observations.streams[index(r.side)];
    const StreamFacts& peer = observations.streams[index(to)];
    Observation& m = observations.records[i];
    m.sends = kind_of(r);
    const bool foreign_syn = opens_nothing(trace, i, own.sent_syn_ack) && trace.facts(r.side).iss_known;
    const bool out_of_place = fin_out_of_place(trace, r);
    m.constrains = !out_of_place && !acknowledges_nothing(trace, r) &&
                   !displaced(trace, r, sender, fin_seen[index(r.side)], own.fin_end);
    m.after = states_after(r, m.sends, own, peer, fin_seen[index(r.side)]);
    if (may_be_probe(r, sender, trace.facts(r.side).sent_max, own, peer))
      m.after = states_after(as_probe(r), m.sends, own, peer, fin_seen[index(r.side)]);
    m.triggers = odd_flags(r) || out_of_place || damaged(trace, r)
                     ? std::uint8_t{0}
                     : triggers_of(r, m.sends, observations, peer, fin_seen[index(r.side)]);
    if (not_taken(trace, r) || is_old_duplicate(trace, i) || foreign_syn || is_among(refused, i) ||
        acks_the_unsent(trace, r, peer, to)) {  // it is of no socket of this connection
      m.constrains = false;
      m.triggers = 0;
    }
    m.miss_cost = loss_cost(peer.rtt_ns);
    m.bare_rst = m.sends == Sends::Rst && !r.has(kAck);
    m.behind_fin = m.bare_rst && fin_seen[index(r.side)] && r.seq == own.fin_end;
    m.unacceptable_to_syn = !odd_flags(r) && unacceptable_to_syn(r, m.sends, sender, progress[index(to)],
                                                                 trace.facts(to).sent_max);
    if (m.unacceptable_to_syn) {
      m.triggers = 0;
      if (m.sends == Sends::Ack) m.constrains = false;
    }
    m.refuses_syn = m.sends == Sends::Rst && r.has(kAck) && !own.sent_syn && !own.sent_syn_ack &&
                    (r.ack >= 1 || m.unacceptable_to_syn);
    m.refuses_handshake = m.bare_rst && r.seq == 1;
    m.early_data = own.took_early_data;
    m.syn_again = m.sends == Sends::Syn && sender.syn_end > 0 && r.end() <= sender.syn_end &&
                  !progress[index(to)].reset;
    if (m.sends == Sends::Rst) judge_reset(trace, *reset++, peer, capture_end_ns, m);
    if (!foreign_syn) sender.note_kind(r);
    if (r.has(kFin) && !out_of_place && !is_among(refused, i)) fin_seen[index(r.side)] = true;
    if (m.sends == Sends::Rst && m.constrains && !m.unacceptable_to_syn) {
      sender.reset = true;
      sender.latest_reset = &r;
    }
    if (!m.constrains || m.sends == Sends::Rst) continue;
    if (!r.has(kSyn) && !own.took_early_data) sender.past_handshake = true;
    sender.past_fin = sender.past_fin || (own.fin_end > 0 && r.seq >= own.fin_end);
    sender.acked.take(r);
    if (r.has_timestamps) {
      sender.ts_val = r.ts_val;
      sender.has_ts = true;
    }
  }
  for (const ResetReading& reading : observations.resets) take_no_syn_ack(trace, reading, observations);
  weigh_expected_replies(trace, observations, capture_end_ns);
  if (trace.self_connection) return;
  for (const Side side : {Side::A, Side::B}) note_late_fin(trace, side, observations);
}

std::size_t last_without_fin(const FlowTrace& trace, const Observations& observations, Side side) {
  constexpr StateSet kBefore{Established, CloseWait, SynReceived, SynSent};
  std::size_t i = std::min(observations.streams[index(side)].first_fin, trace.records.size());
  while (i-- > 0) {
    const Observation& m = observations.records[i];
    if (trace.records[i].side == side && m.constrains && m.after.within(kBefore)) return i;
  }
  return kNowhere;
}

}  // namespace tcpautopsy

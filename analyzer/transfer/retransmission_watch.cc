#include "analyzer/transfer/retransmission_watch.h"

#include <algorithm>

#include "analyzer/seq/ranges.h"
#include "analyzer/seq/saturating.h"
#include "analyzer/seq/timestamp.h"

namespace tcpautopsy {
namespace {

// Two sendings this far apart do not bear the same reading of a TSval clock of usual grain.
constexpr TimeNs kClockGrain = 20 * kMillisecond;
// No common stack's retransmission timer runs out sooner (Linux TCP_RTO_MIN; RFC 6298 2.4 asks for a second).
constexpr TimeNs kShortestTimer = 200 * kMillisecond;

// What passes within this of an ACK may have been sent before what the ACK covers.
constexpr TimeNs kReordering = 50 * kMillisecond;

// The least that a retransmission timer waits, but for its tick.
constexpr TimeNs kLeastStep = 180 * kMillisecond;

// A number further off is an odd one, not a loss.
constexpr StreamOffset kWidest = 1 << 26;

// Other octets, sooner than a timer runs out: another sent them, or the first ones. No loss and no probe.
RetransmissionContext of_another(RetransmissionContext context) {
  if (context.waited_ns < kLeastStep) context.asked_to_resend = true;
  return context;
}

// Octets where the sender had said that there would be none: its FIN, or these, are another's.
bool beyond_own_fin(const PlacedSegment& s, const SenderView& own) {
  return own.fin_sent && !own.fin_in_doubt && s.new_bytes > 0 && s.data_end() >= own.snd_nxt;
}

// The same octets, sent at the same reading of its clock, where it has one.
bool alike(const PlacedSegment& s, const SendLog::Entry& before) {
  const TcpOptions& options = s.segment.options;
  return before.begin == s.seq && before.length == s.length &&
         (!options.has_timestamps || options.ts_val == before.ts_val);
}

bool numbered(const PlacedSegment& s, const SendLog::Entry& before) {
  return s.segment.has_ip_id && s.segment.ip_id != 0 && before.ip_id != 0;
}

}  // namespace

void RetransmissionWatch::sends(const PlacedSegment& s, const SenderView& own, bool sack_unused) {
  if (s.length > 0) {
    if (own.started && s.seq < s.sent_max) {
      again(s, own, sack_unused);
    } else {
      log_.sent(s);
    }
    if (s.has(kSyn)) {
      if (s.has_data()) in_syn_until_ = std::max(in_syn_until_, s.data_end());
    } else if (s.data_end() >= in_syn_until_) {
      in_syn_until_ = 0;
    }
    // Seen after all: the ACK was captured before its data, which is the capture's order, not the network's.
    if (!unseen_.empty()) cut_ranges(unseen_, s.seq, s.end(), [](StreamOffset, StreamOffset) {});
  }
  order_.sent(s.segment, s.has_data() && s.seq >= shown_to_);
  shown_to_ = std::max(shown_to_, s.end());
  shown_ns_ = s.time_ns();
}

void RetransmissionWatch::probes(const PlacedSegment& s) {
  if (!s.has_data()) return;
  log_.sent(s);
  probed_ = s.seq;
}

void RetransmissionWatch::shrinks(StreamOffset seq, TimeNs time_ns) {
  too_big_from_ = too_big_ns_ ? std::min(too_big_from_, seq) : seq;
  too_big_ns_ = time_ns;
}

void RetransmissionWatch::again(const PlacedSegment& s, const SenderView& own, bool sack_unused) {
  const SendLog::Entry* before = log_.find(s.seq);
  if (carries_on(s, own)) return log_.sent(s);
  const RetransmissionContext context = context_of(s, own, before, sack_unused);
  if (s.standing.fills_gap && s.new_bytes == s.segment.payload_length) {
    if (overtaken(s, context)) {
      facts_.out_of_order.add(s.frame, context.waited_ns);
    } else {
      judge(s, own, context, true);
    }
  } else if (before != nullptr && duplicated(s, *before, own)) {
    facts_.duplicates.add(s.frame);
    return;
  } else {
    const bool conflicts = differs(s) || beyond_own_fin(s, own);
    if (conflicts) facts_.conflicts.add(s.frame);
    if (conflicts && before != nullptr && same_packet(s, *before)) ++facts_.conflicts_of_one_packet;
    // Joined with what had passed; what the receiver lacked of it had not.
    const bool partly_unseen = s.standing.fills_gap && s.new_bytes > 0;
    judge(s, own, conflicts ? of_another(context) : context, partly_unseen);
    if (conflicts) pending_.back().spurious = false;
  }
  log_.sent(s);
}

// The first sending, held up on the way so that it passes after what its sender had sent in its place: an
// older TSval, and no IP ID that speaks against it.
bool RetransmissionWatch::held_up(const PlacedSegment& s) const {
  return !s.has(kSyn) && s.has_data() && s.new_bytes == 0 && order_.outdated(s.segment) &&
         order_.place_by_id(s.segment) != SendOrder::Place::Later;
}

// New data, though something beyond was sent before: the octet of a window probe, a number that no window
// allows, a FIN that its sender may not have sent, or data captured after their ACK, which is the capture's
// order and not the network's.
bool RetransmissionWatch::carries_on(const PlacedSegment& s, const SenderView& own) const {
  if (s.has_data() && s.new_bytes + 1 == s.segment.payload_length && probed_ && *probed_ == s.seq)
    return true;
  // The number that such a FIN takes does not count as seen before.
  const bool behind_fin = s.seq + 1 >= own.snd_nxt && s.new_bytes + 1 >= s.segment.payload_length;
  if (own.fin_in_doubt && s.new_bytes > 0 && behind_fin) return true;
  if (!s.standing.fills_gap || s.new_bytes < s.segment.payload_length) return false;
  if (own.acked && s.end() <= own.snd_una) return true;
  const SendLog::Entry* beyond = log_.after(s.seq);
  if (beyond == nullptr) return false;
  constexpr StreamOffset kSlack = 1 << 16;
  const StreamOffset edge = own.right_edge + own.snd_wnd + kSlack;
  return beyond->begin - s.seq > kWidest || (own.edge_known && beyond->begin > edge);
}

// By its place, length, clock and counter, whatever it carries.
bool RetransmissionWatch::same_packet(const PlacedSegment& s, const SendLog::Entry& before) {
  return alike(s, before) && numbered(s, before) && s.segment.ip_id == before.ip_id;
}

// The same packet again. A host that sends again reads its clock and, most of them, counts its packets anew:
// where there is no clock, what the timer may have sent again is no duplicate for its IP ID alone.
bool RetransmissionWatch::duplicated(const PlacedSegment& s, const SendLog::Entry& before,
                                     const SenderView& own) const {
  if (!alike(s, before) || s.segment.tcp_checksum != before.checksum) return false;
  const bool stamped = s.segment.options.has_timestamps;
  const TimeNs apart = s.time_ns() - before.sent_ns;
  if (numbered(s, before)) {
    const bool taken = own.acked && s.end() <= own.snd_una;
    return same_packet(s, before) && (stamped || taken || apart < kShortestTimer);
  }
  return stamped && (order_.outdated(s.segment) || apart > kClockGrain);
}

// By sums of the payload, where it repeats segments from end to end: sums of pieces add up (RFC 1071 2), with
// their octets swapped where a piece begins at an odd place. One octet may be a probe's, which means nothing.
bool RetransmissionWatch::differs(const PlacedSegment& s) const {
  const TcpSegment& segment = s.segment;
  if (segment.checksum != Checksum::Good || segment.payload_length <= 1) return false;
  if (segment.sequence_length() != segment.payload_length) return false;
  std::uint32_t sum = 0;
  bool known = true;
  const bool covered = log_.covering(s.seq, s.end(), [&](const SendLog::Entry& piece) {
    known = known && piece.whole;
    const bool odd = (piece.begin - s.seq) % 2 != 0;
    const std::uint32_t part = piece.payload_sum;
    sum += odd ? (part >> 8 | (part & 0xffU) << 8) : part;
    sum = (sum & 0xffffU) + (sum >> 16);
  });
  return covered && known && sum % 0xffffU != segment.payload_sum;
}

// Sent before what came before it. Where neither clock nor counter tells: a sender that was asked for it
// again needs a round trip to answer, and one that was not waits for its timer.
bool RetransmissionWatch::overtaken(const PlacedSegment& s, const RetransmissionContext& c) const {
  switch (order_.place(s.segment)) {
    case SendOrder::Place::Earlier: return true;
    case SendOrder::Place::Later: return false;
    case SendOrder::Place::Unknown: break;
  }
  const bool asked =
      c.evidence_age_ns >= 0 && c.leg_ns > 0 && mul_sat(c.evidence_age_ns, 10) >= mul_sat(c.leg_ns, 9);
  const TimeNs soon = c.round_trip_ns > 0 ? add_sat(c.round_trip_ns, c.round_trip_ns / 5) : 3 * kMillisecond;
  return !asked && c.waited_ns <= soon;
}

RetransmissionContext RetransmissionWatch::context_of(const PlacedSegment& s, const SenderView& own,
                                                      const SendLog::Entry* before, bool sack_unused) const {
  RetransmissionContext c;
  const TimeNs now = s.time_ns();
  if (before == nullptr) before = log_.after(s.seq);
  c.waited_ns = before != nullptr ? now - before->sent_ns : now - own.new_ns;
  c.leg_ns = std::max<std::int64_t>(s.rtt_sender_ns, 0);
  const TimeNs to_receiver =
      trips_.smoothed_ns() > 0 ? trips_.smoothed_ns() : std::max<std::int64_t>(s.rtt_receiver_ns, 0);
  c.round_trip_ns = c.leg_ns + to_receiver;
  c.variation_ns = trips_.variation_ns();
  if (trail_.news_ns() > 0) c.news_age_ns = now - trail_.news_ns();
  const TimeNs sacked_ns = trail_.board().above_since(s.end());
  if (sacked_ns >= 0) c.evidence_age_ns = now - sacked_ns;
  if (trail_.duplicates_now() >= 3)
    c.evidence_age_ns = std::max(c.evidence_age_ns, now - trail_.third_duplicate_ns());
  const TimeNs missed_ns = c.evidence_age_ns < 0 ? trail_.missed_since(s.seq) : -1;
  if (missed_ns >= 0) c.evidence_age_ns = now - missed_ns;
  // What the sender knew when it sent this: an ACK that passed within the last leg had not reached it.
  const bool news_under_way = own.acked && now - own.acked_ns < c.leg_ns;
  const StreamOffset una = news_under_way ? trail_.una_before() : own.snd_una;
  c.receiver_unheard = !own.acked;
  c.first_unacknowledged = !own.acked || s.seq <= una;
  // A probe is what was sent last, or new data (RFC 8985 7.3); only the retransmission timer joins the two.
  c.highest = s.end() >= s.sent_max && s.data_end() <= s.sent_max;
  c.sack_unused = sack_unused;
  c.fast_recovery = recovering_fast_;
  c.timeout_recovery = recovering_timeout_;
  c.after_repair = repaired_;
  c.timeouts = timeouts_;
  c.probes = probes_;
  const SackBoard& board = trail_.board();
  c.partly_sacked = board.touches(s.seq, s.end()) && !board.holds(s.seq, s.end());
  c.asked_to_resend = asked_to_resend(s, before, c);
  c.held_up = held_up(s);
  return c;
}

// RFC 7413 4.2.1: what the SYN-ACK leaves unacknowledged of the SYN's data goes out with the ACK, or when
// the application writes next; as a segment of its own it was not sent before. RFC
// 1191 6.3: what an ICMP error calls too big goes out again at once, in smaller segments.
bool RetransmissionWatch::asked_to_resend(const PlacedSegment& s, const SendLog::Entry* before,
                                          const RetransmissionContext& c) const {
  if (!s.has(kSyn) && s.seq < in_syn_until_) return c.news_age_ns >= 0;
  const TimeNs soon = add_sat(add_sat(c.leg_ns, c.round_trip_ns), kClockGrain);
  if (!too_big_ns_ || s.seq < too_big_from_ || before == nullptr) return false;
  return before->sent_ns <= *too_big_ns_ && s.time_ns() - *too_big_ns_ <= soon;
}

void RetransmissionWatch::judge(const PlacedSegment& s, const SenderView& own,
                                const RetransmissionContext& given, bool first_unseen) {
  RetransmissionContext context = given;
  if (context.first_unacknowledged) {
    classify_last_segment(s, context.waited_ns);
    context.timeouts = timeouts_;
    context.probes = probes_;
    context.timeout_recovery = recovering_timeout_;
  }
  Retransmission retransmission;
  retransmission.frame = s.frame;
  retransmission.begin = s.seq;
  retransmission.end = s.end();
  retransmission.needed_begin = s.seq;
  retransmission.needed_end = s.end();
  retransmission.waited_ns = context.waited_ns;
  retransmission.has_ts = s.segment.options.has_timestamps;
  retransmission.ts_val = s.segment.options.ts_val;
  retransmission.data = s.has_data();
  retransmission.syn = s.has(kSyn);
  retransmission.first_unseen = first_unseen;
  retransmission.cause = retransmission.syn ? RetransmissionCause::Timeout : cause_of(context);
  retransmission.acked = !first_unseen && own.acked && own.snd_una >= s.end();
  retransmission.spurious =
      retransmission.acked || (!first_unseen && own.acked && trail_.board().holds(s.seq, s.end()));
  if (retransmission.cause == RetransmissionCause::Fast && !recovering_fast_) {
    recovering_fast_ = true;
    fast_until_ = s.sent_max;
  }
  if (retransmission.cause == RetransmissionCause::Probe ||
      retransmission.cause == RetransmissionCause::LastSegment)
    ++probes_;
  if (retransmission.cause == RetransmissionCause::Timeout && context.first_unacknowledged &&
      !retransmission.syn)
    note_timeout(s, context.waited_ns);
  if (pending_.size() >= kMostPending) {
    open_ -= pending_.front().open ? 1 : 0;
    count(pending_.front());
    pending_.erase(pending_.begin());
  }
  pending_.push_back(retransmission);
  ++open_;
}

// Of one timer: it doubles, up to its longest step.
bool RetransmissionWatch::next_step(const Retransmission& before, StreamOffset begin, TimeNs waited) {
  if (before.begin != begin || before.waited_ns < kLeastStep) return false;
  const bool at_its_longest =
      before.cause == RetransmissionCause::Timeout && waited >= before.waited_ns - before.waited_ns / 8;
  return at_its_longest || doubles(before.waited_ns, waited);
}

// The only segment under way was sent again before: by the interval to this sending it was a probe, after
// which the timer starts anew, or a timeout, after which it doubles. Of a receiver that the capture never
// heard, only the doubling tells.
void RetransmissionWatch::classify_last_segment(const PlacedSegment& s, TimeNs waited) {
  if (pending_.empty()) return;
  Retransmission& before = pending_.back();
  const bool unheard = trail_.news_ns() == 0;
  if (unheard && !next_step(before, s.seq, waited)) {
    recovering_timeout_ = false;
    timeouts_ = 0;
    return;
  }
  const auto doubtful = unheard ? RetransmissionCause::Prompt : RetransmissionCause::LastSegment;
  if (before.cause != doubtful || (!unheard && probes_ == 0)) return;
  if (before.begin != s.seq || !doubles(before.waited_ns, waited)) {
    before.cause = RetransmissionCause::Probe;
    return;
  }
  before.cause = RetransmissionCause::Timeout;
  probes_ = 0;
  timeouts_ = 1;
  stall_ns_ = before.waited_ns;
  stall_begin_ = before.frame;
  recovering_timeout_ = true;
  timeout_until_ = s.sent_max;
}

void RetransmissionWatch::note_timeout(const PlacedSegment& s, TimeNs waited) {
  // Of what a timeout made the sender send again, only the oldest waits for the timer.
  if (recovering_timeout_ && timeouts_ == 0) return;
  // The timer has to run out anew before the next, for as long or longer (RFC 6298 5.5).
  if (timeouts_ > 0 && s.time_ns() - timeout_ns_ < waited / 2) return;
  timeout_ns_ = s.time_ns();
  if (timeouts_ == 0) {
    stall_ns_ = 0;
    stall_begin_ = s.frame;
  }
  ++timeouts_;
  stall_ns_ = add_sat(stall_ns_, waited);
  recovering_timeout_ = true;
  recovering_fast_ = false;
  timeout_until_ = s.sent_max;
  if (!s.has_data()) return;  // a FIN's, which is told apart
  facts_.longest_series = std::max(facts_.longest_series, timeouts_);
  if (stall_ns_ <= facts_.longest_stall_ns) return;
  facts_.longest_stall_ns = stall_ns_;
  facts_.stall_begin = stall_begin_;
  facts_.stall_end = s.frame;
}

void RetransmissionWatch::count(const Retransmission& r) {
  ++facts_.retransmissions;
  facts_.resends.add(r.frame, r.cause, r.spurious);
  const bool probe = r.cause == RetransmissionCause::Probe || r.cause == RetransmissionCause::LastSegment;
  if (r.syn) {
    ++facts_.syn_retransmissions;
    facts_.syn_spurious += r.spurious ? 1 : 0;
    return;
  }
  if (!r.data) {
    if (probe) ++facts_.fin_probes;
    if (r.cause == RetransmissionCause::Timeout) ++facts_.fin_timeouts;
    if (r.cause == RetransmissionCause::Fast) ++facts_.fin_fast;
    facts_.fin_spurious += r.spurious ? 1 : 0;
    return;
  }
  facts_.first_unseen += r.first_unseen ? 1 : 0;
  if (r.spurious) facts_.spurious.add(r.frame, r.waited_ns);
  Incidents& of_cause = probe                                     ? facts_.probes
                        : r.cause == RetransmissionCause::Timeout ? facts_.timeouts
                        : r.cause == RetransmissionCause::Fast    ? facts_.fast
                                                                  : facts_.prompt;
  of_cause.add(r.frame, r.waited_ns);
  if (r.cause != RetransmissionCause::Timeout) return;
  facts_.timeouts_spurious += r.spurious ? 1 : 0;
  facts_.timeouts_acked += r.acked ? 1 : 0;
  note_wait(r);
}

// They end in the order in which they come, so that the oldest hardly ever grows again.
void RetransmissionWatch::note_wait(const Retransmission& r) {
  constexpr std::size_t kMostWaits = 64;
  const Wait wait{r.frame.time_ns - r.waited_ns, r.frame.time_ns};
  add_range(waits_, wait, [](const Wait&, const Wait&) {});
  if (waits_.size() <= kMostWaits) return;
  facts_.timeouts_waited_ns = add_sat(facts_.timeouts_waited_ns, waits_.front().end - waits_.front().begin);
  waits_.erase(waits_.begin());
}

void RetransmissionWatch::hears(const PlacedSegment& s, const SenderView& own) {
  if (!s.has(kAck) || s.has(kRst)) return;
  const bool moves = !own.acked || s.ack > own.snd_una;
  const bool gaps = trail_.duplicates_now() > 0 || !trail_.board().empty();
  const DsackReport dsack = trail_.heard(s, own);
  if (dsack.any) report(dsack);
  if (!moves) return;
  const SendLog::Acknowledged taken = log_.acknowledge(s.ack);
  const StreamOffset una = own.acked ? own.snd_una : taken.any ? taken.last.begin : s.ack;
  if (taken.any && !gaps && taken.last.end() > una) measure(s, own, taken);
  if (taken.unseen_end > taken.unseen_begin) note_unseen(s, own, taken);
  repaired_ = taken.repeated && !s.has(kSyn);  // a SYN sent again tells nothing of its data
  if (open_ > 0) confirm(s, una);
  timeouts_ = probes_ = 0;
  if (recovering_fast_ && s.ack >= fast_until_) {
    // Holes left above begin the next recovery at once (RFC 6675 5).
    recovering_fast_ = !trail_.board().empty();
    fast_until_ = own.snd_nxt;
  }
  if (s.ack >= timeout_until_) recovering_timeout_ = false;
}

void RetransmissionWatch::measure(const PlacedSegment& s, const SenderView& own,
                                  const SendLog::Acknowledged& taken) {
  const bool echoes_last = taken.last.retimed && s.segment.options.has_timestamps &&
                           s.segment.options.ts_ecr == taken.last.ts_val && taken.entries == 1;
  if (taken.repeated && !echoes_last) return;
  const std::uint64_t octets = own.acked ? static_cast<std::uint64_t>(s.ack - own.snd_una) : 0;
  trips_.add(s.time_ns() - taken.last.sent_ns, octets, own.full_size(), s.rtt_sender_ns);
}

// The first ACK that covers what was sent again. Where that is the oldest, the ACK echoes the TSval of the
// sending that arrived (RFC 3522 3.2, RFC 7323 4.3).
void RetransmissionWatch::confirm(const PlacedSegment& s, StreamOffset una) {
  for (Retransmission& r : pending_) {
    if (!r.open || s.ack < r.end) continue;
    r.open = false;
    --open_;
    const bool first = r.begin <= una && una < r.end;
    if (first && r.has_ts && s.segment.options.has_timestamps && !r.first_unseen &&
        ahead(s.segment.options.ts_ecr, r.ts_val) < 0)
      r.spurious = true;
  }
}

// One report stands for one sending too many: the oldest that is not told yet. Of one that carried several
// segments (offload) each is reported; what no report covers was needed.
void RetransmissionWatch::report(const DsackReport& dsack) {
  for (Retransmission& r : pending_) {
    if (r.spurious || r.needed_begin >= dsack.end || r.needed_end <= dsack.begin) continue;
    if (dsack.begin <= r.needed_begin) {
      r.needed_begin = dsack.end;
    } else if (dsack.end >= r.needed_end) {
      r.needed_end = dsack.begin;
    }
    r.spurious = r.needed_begin >= r.needed_end;
    return;
  }
}

void RetransmissionWatch::note_unseen(const PlacedSegment& s, const SenderView& own,
                                      const SendLog::Acknowledged& taken) {
  if (taken.unseen_end - taken.unseen_begin > kWidest) return;
  // Before its SYN is answered a client has sent nothing but what that carried (RFC 9293 3.10.7.3).
  if (s.has(kSyn) && own.started) return;
  if (unseen_.size() >= kMostUnseen) {
    facts_.unseen.add(unseen_.front().ack);
    facts_.missing_octets += static_cast<std::uint64_t>(unseen_.front().end - unseen_.front().begin);
    unseen_.erase(unseen_.begin());
  }
  unseen_.push_back({taken.unseen_begin, taken.unseen_end, s.frame});
}

void RetransmissionWatch::finish(const SenderView& view, RetransmissionResults& own,
                                 RetransmissionResults& peer) {
  for (const Retransmission& retransmission : pending_) count(retransmission);
  for (const Wait& wait : waits_)
    facts_.timeouts_waited_ns = add_sat(facts_.timeouts_waited_ns, wait.end - wait.begin);
  for (const Unseen& hole : unseen_) {
    // One number at the very end may have been a FIN.
    if (!view.fin_sent && hole.end == view.snd_una && hole.end - hole.begin == 1) continue;
    // Its sender goes on with lower numbers than that ACK tells: it had not come so far.
    if (shown_to_ <= hole.begin && shown_ns_ - hole.ack.time_ns > kReordering) continue;
    facts_.unseen.add(hole.ack);
    facts_.missing_octets += static_cast<std::uint64_t>(hole.end - hole.begin);
  }
  const std::uint64_t duplicate_acks = own.duplicate_acks;
  RoundTrips trips = std::move(own.round_trips);
  own = std::move(facts_);
  own.duplicate_acks = duplicate_acks;
  own.round_trips = std::move(trips);
  peer.duplicate_acks = trail_.duplicate_acks();
  peer.round_trips = std::move(trips_);
}

}  // namespace tcpautopsy

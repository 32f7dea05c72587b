#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/infer/transition_rows.h"
#include "analyzer/infer/weights.h"
#include "analyzer/seq/saturating.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Host-wide counters of a busy host move on between two segments of one connection.
constexpr std::uint32_t kIdStep = 512, kIdJump = 4096;
constexpr std::size_t kIdsNeeded = 4;
// What an end takes to answer at once, besides the round trip.
constexpr TimeNs kAtOnce = 5 * kMillisecond;
// An end that has answered and resets an idle connection only after this closes it by a timer, whatever was
// under way when it answered.
constexpr TimeNs kClosedByTimerAfter = 30 * kSecond;
// A shorter round trip is too near to what hosts take to answer.
constexpr TimeNs kTellingRoundTrip = 5 * kMillisecond;
// Linux delays an ACK by 40 ms or more, less a tick.
constexpr TimeNs kLeastDelayedAck = 35 * kMillisecond;
constexpr std::uint64_t kManyTrips = 8;
// What passes within this after a RST may have been sent before it came.
constexpr TimeNs kReordering = 50 * kMillisecond;

bool carries_on(const SegmentRecord& record) { return !record.has(kSyn) && !record.has(kRst); }
bool opens(const SegmentRecord& record) { return record.has(kSyn); }
bool completes(const SegmentRecord& record) {
  return carries_on(record) && record.has(kAck) && record.ack >= 1;
}
bool is_data(const SegmentRecord& record) { return record.payload > 0 && !record.standing.keepalive; }
// A SYN-ACK that comes to a closed end is of another connection, which an old SYN has begun.
bool has_octets(const SegmentRecord& record) {
  return record.sequence_length() > 0 && !record.has(kRst) && !record.has(kSyn);
}
bool opens_with_data(const SegmentRecord& record) {
  return record.has(kSyn) && !record.has(kRst) && record.payload > 0;
}

bool is_on_completing(const Opening& opening, RecordIndex i) {
  return opening.reset_on_completing && opening.server_rst.segment.record == i;
}

// By its peer's account the handshake was complete, though nothing else of the RST's sender was captured.
bool completed_unseen(const FlowTrace& trace, RecordIndex reset) {
  const Side side = trace.records[reset].side;
  const RecordIndex syn = last_before(trace, reset, other(side), opens);
  const RecordIndex ack = last_before(trace, reset, other(side), completes);
  return syn != kNoRecord && ack != kNoRecord && ack > syn && last_before(trace, reset, side) == kNoRecord;
}

// It answers data of a connection begun before the capture.
bool meets_data_from_the_middle(const FlowTrace& trace, const ResetReading& reading) {
  return reading.answers != kNoRecord && is_data(trace.records[reading.answers]) &&
         last_before(trace, reading.record, Side::A, opens) == kNoRecord &&
         last_before(trace, reading.record, Side::B, opens) == kNoRecord;
}

// What a Fast Open brings with the SYN goes to the application before the handshake is over, and that can
// close the connection then (RFC 7413 4.2): a RST with the number after the SYN-ACK's that took the data.
bool aborts_fast_open(const FlowTrace& trace, RecordIndex reset) {
  const SegmentRecord& rst = trace.records[reset];
  const RecordIndex syn_ack =
      last_before(trace, reset, rst.side, [](const SegmentRecord& r) { return r.has(kSyn | kAck); });
  if (syn_ack == kNoRecord || !rst.has(kAck)) return false;
  const SegmentRecord& answer = trace.records[syn_ack];
  return answer.ack > 1 && rst.seq == answer.end() && rst.ack >= answer.ack;
}

// In the name of an end whose SYN was answered, and which goes on to complete the handshake.
bool misses_handshake(const FlowTrace& trace, const ResetReading& reading) {
  if (!reading.beyond_window || reading.goes_on == kNoRecord) return false;
  const Side side = trace.records[reading.record].side;
  return completes(trace.records[reading.goes_on]) &&
         last_before(trace, reading.record, other(side),
                     [](const SegmentRecord& r) { return r.has(kSyn | kAck); }) != kNoRecord;
}

// A SYN met by a RST, or a handshake taken back, belongs to the opening.
bool after_handshake(const FlowHistory& h, const ResetReading& reading) {
  const RecordIndex i = reading.record;
  const Side side = h.records()[i].side;
  if (completed_unseen(h.trace, i) || meets_data_from_the_middle(h.trace, reading)) return true;
  if (last_before(h.trace, i, side, carries_on) != kNoRecord) return true;
  if (is_on_completing(h.opening, i) || aborts_fast_open(h.trace, i)) return true;
  if (misses_handshake(h.trace, reading)) return true;
  const RecordIndex syn_ack =
      last_before(h.trace, i, side, [](const SegmentRecord& r) { return r.has(kSyn | kAck); });
  return syn_ack != kNoRecord && last_before(h.trace, i, other(side), carries_on) != kNoRecord &&
         kSynchronized.has(h.before(i, side));
}

bool differ_by_initial_value(std::uint8_t a, std::uint8_t b) {
  constexpr std::array<int, 4> kInitial{32, 64, 128, 255};
  const int difference = std::abs(static_cast<int>(a) - static_cast<int>(b));
  for (const int x : kInitial)
    for (const int y : kInitial)
      if (x > y && x - y == difference) return true;
  return false;
}

// From the last IP ID of its sender to that of the RST, where the sender counts them up; none else.
std::optional<std::uint16_t> id_step(const FlowTrace& trace, RecordIndex reset) {
  const SegmentRecord& rst = trace.records[reset];
  // Linux sends a RST without a socket with an ID of 0.
  if (!rst.has_ip_id || rst.ip_id == 0) return std::nullopt;
  std::size_t seen = 0;
  std::uint16_t last = 0;
  for (RecordIndex k = 0; k < reset; ++k) {
    const SegmentRecord& r = trace.records[k];
    if (r.side != rst.side || r.copy || !r.has_ip_id || r.ip_id == 0 || r.has(kRst)) continue;
    const auto id = static_cast<std::uint16_t>(r.ip_id);
    const auto step = static_cast<std::uint16_t>(id - last);
    if (seen++ > 0 && (step == 0 || step > kIdStep + r.folded_packets)) return std::nullopt;
    last = id;
  }
  if (seen < kIdsNeeded) return std::nullopt;
  return static_cast<std::uint16_t>(static_cast<std::uint16_t>(rst.ip_id) - last);
}

bool id_out_of_line(const FlowTrace& trace, RecordIndex reset) {
  const SegmentRecord& rst = trace.records[reset];
  // Socket-less ones of some stacks come from another counter.
  const auto step = rst.has(kAck) ? id_step(trace, reset) : std::nullopt;
  return step && *step > kIdJump + rst.folded_packets && *step < 0x10000 - kIdStep;
}

// The next or nearly the next of a counter that nobody else on the path is likely to have read.
bool id_in_line(const FlowTrace& trace, RecordIndex reset) {
  const auto step = id_step(trace, reset);
  return step && *step > 0 && *step <= kIdStep;
}

// `enough`: so many other packets of its sender tell its TTL.
HeaderMisfit header_misfit(const FlowTrace& trace, RecordIndex reset, unsigned enough) {
  HeaderMisfit misfit;
  const SegmentRecord& rst = trace.records[reset];
  unsigned others = 0;
  bool agree = true;
  for (const SegmentRecord& r : trace.records) {
    if (r.side != rst.side || r.copy || r.has(kRst)) continue;
    if (others++ == 0) misfit.usual_ttl = r.ttl;
    agree = agree && r.ttl == misfit.usual_ttl;
  }
  // Behind the routers between two capture points the end has another.
  const bool usual = rst.ttl == misfit.usual_ttl || rst.ttl == trace.facts(rst.side).copy_ttl;
  misfit.ttl = others >= enough && agree && !usual;
  misfit.ttl_by_initial = misfit.ttl && differ_by_initial_value(rst.ttl, misfit.usual_ttl);
  misfit.ip_id = id_out_of_line(trace, reset);
  return misfit;
}

Refused refused(const FlowTrace& trace, RecordIndex asked, StreamOffset acked) {
  const SegmentRecord& r = trace.records[asked];
  Refused segment;
  segment.segment = ref(trace, asked);
  segment.begin = r.seq;
  segment.end = r.seq + r.payload;
  segment.fin = r.has(kFin);
  segment.keepalive = r.standing.keepalive;
  segment.data_taken_before = r.payload > 0 && r.seq + r.payload <= acked;
  segment.fin_taken_before = segment.fin && r.payload == 0 && r.seq <= acked;
  segment.fin_again = segment.fin && last_before(trace, asked, r.side, [&r](const SegmentRecord& before) {
                                       return before.has(kFin) && before.end() == r.end();
                                     }) != kNoRecord;
  return segment;
}

// One RST and what stands before it.
class ResetJudge {
 public:
  ResetJudge(const FlowHistory& h, const ResetReading& reading)
      : h_(h),
        reading_(reading),
        i_(reading.record),
        rst_(h.records()[i_]),
        side_(rst_.side),
        acked_(acked_before(h.trace, i_, side_).value),
        peer_acked_(acked_before(h.trace, i_, other(side_)).value) {}

  ResetVerdict judge() {
    v_.segment = ref(h_.trace, i_);
    v_.side = side_;
    v_.connection_lost = lost_before();
    v_.state = completed_unseen(h_.trace, i_)     ? TcpState::Unknown
               : v_.connection_lost || had_none() ? TcpState::Closed
                                                  : h_.before(i_, side_);
    v_.acknowledges = rst_.has(kAck);
    v_.ttl = rst_.ttl;
    v_.ip_id = rst_.ip_id;
    v_.fin_sent = passed(h_.closing.fin(side_));
    v_.fin_received = passed(h_.closing.fin(other(side_))) || took_unseen_fin();
    v_.beyond_window = reading_.beyond_window;
    v_.odd_sequence = reading_.odd_sequence;
    v_.inexact = reading_.inexact;
    v_.goes_on = ref(h_.trace, reading_.goes_on);
    if (reading_.answers != kNoRecord) v_.answers = refused(h_.trace, reading_.answers, acked_);
    v_.misfit = header_misfit(h_.trace, i_, 2);
    // With a SYN-ACK alone before it, the one bears the other out.
    if (too_soon()) v_.misfit = header_misfit(h_.trace, i_, 1);
    v_.misfit.too_soon = too_soon();
    v_.misfit.by_handshake = v_.misfit.too_soon && h_.rtt(side_) == h_.trace.facts(side_).rtt_handshake_ns;
    v_.own_before = ref(h_.trace, last_before(h_.trace, i_, side_));
    v_.peer_before = ref(h_.trace, last_before(h_.trace, i_, other(side_)));
    v_.of_handshake = is_on_completing(h_.opening, i_);
    v_.after_close = after_close();
    v_.became = became();
    v_.not_heeded = not_heeded();
    v_.idle_ns = idle();
    v_.unanswered = unanswered();
    v_.unacknowledged_own = unacknowledged_own();
    if (v_.peer_before) v_.unacknowledged_peer = unacknowledged(other(side_), covered());
    find_unread();
    v_.all_acked = h_.trace.facts(other(side_)).acked_max >= rst_.sent_max;
    return v_;
  }

 private:
  // The likeliest course has it that its sender had no connection any more.
  bool had_none() const {
    return std::any_of(h_.transitions.begin(), h_.transitions.end(), [this](const Transition& t) {
      return t.side == side_ && t.record == i_ && t.to == TcpState::Closed && t.basis == Basis::Inferred;
    });
  }

  // And that it had lost it, by now or by a segment before that met silence.
  bool lost_before() const {
    return std::any_of(h_.transitions.begin(), h_.transitions.end(), [this](const Transition& t) {
      return t.side == side_ && t.record <= i_ && t.cause == rows::kForgotten;
    });
  }

  bool passed(const FinVerdict* fin) const { return fin != nullptr && fin->first.record < i_; }

  // Of a peer that was not captured: one number more, acknowledged after its own FIN, is the peer's.
  bool took_unseen_fin() const {
    if (!v_.fin_sent || !h_.trace.one_sided()) return false;
    return acked_ == h_.records()[h_.closing.fin(side_)->first.record].ack + 1;
  }

  Became became() const {
    if (reading_.forged()) return Became::Forged;
    const bool synchronised = v_.state == TcpState::Unknown || kSynchronized.has(v_.state) ||
                              v_.of_handshake || aborts_fast_open(h_.trace, i_);
    if (!synchronised || v_.after_close) return Became::ReplyToStray;
    if (!v_.beyond_window) return Became::Effective;
    return v_.answers ? Became::ReplyToStray : Became::NotTaken;
  }

  bool after_close() {
    if (!v_.fin_sent || v_.goes_on) return false;
    // Bare, it answers something, captured or not.
    if (!v_.answers && !v_.acknowledges && h_.trace.one_sided()) return true;
    if (v_.answers) {
      v_.met = v_.answers;
      return v_.answers->asks_for_answer();
    }
    // Some stacks set ACK on such a RST too. It is an answer if it comes at once and leaves the segment
    // unacknowledged or acknowledges just that segment, which the endpoint had not taken before.
    const RecordIndex asked = last_before(h_.trace, i_, other(side_), has_octets);
    if (asked == kNoRecord) return false;
    const SegmentRecord& segment = h_.records()[asked];
    const TimeNs wait = rst_.frame.time_ns - segment.frame.time_ns;
    if (wait > h_.rtt(side_).value_or(0) + kAtOnce || acked_ >= segment.end()) return false;
    v_.met = refused(h_.trace, asked, acked_);
    return true;
  }

  // The first segment of the peer that it can answer: whose data it acknowledges, or whose ACK field numbers
  // it (RFC 9293 3.5.2), which is answered at once. None if that may have been folded away.
  RecordIndex earliest_cause() const {
    if (rst_.has(kAck) && acked_ >= rst_.ack) return kNoRecord;  // it answers nothing new
    const TimeNs oldest = rst_.has(kAck)
                              ? std::numeric_limits<TimeNs>::min()
                              : rst_.frame.time_ns - h_.rtt(side_).value_or(0) - weights::kOldestRefused;
    const auto causes = [this, oldest](const SegmentRecord& r) {
      if (r.side == side_ || r.copy || r.has(kSyn) || r.frame.time_ns < oldest) return false;
      return rst_.has(kAck) ? r.end() >= rst_.ack : r.has(kAck) && r.ack == rst_.seq;
    };
    for (RecordIndex k = 0; k < i_; ++k)
      if (causes(h_.records()[k])) return h_.records()[k].folded_packets == 0 ? k : kNoRecord;
    return kNoRecord;
  }

  // Without a SYN that was answered, the least of a few may be no more than the time for which that end
  // delays its ACKs.
  bool may_be_delay(TimeNs round_trip) const {
    if (round_trip < kLeastDelayedAck || h_.trace.facts(side_).rtt_handshake_ns) return false;
    return !h_.transfer ||
           h_.transfer->retransmissions[index(side_)].round_trips.spread().count() < kManyTrips;
  }

  // The least round trip may have met a slow moment, as the only one measured so more likely: a third of it
  // is less than any.
  bool too_soon() const {
    const TimeNs round_trip = h_.rtt(side_).value_or(0);
    if (round_trip < kTellingRoundTrip || h_.trace.one_sided() || may_be_delay(round_trip)) return false;
    if (!v_.misfit.ttl && id_in_line(h_.trace, i_)) return false;
    const RecordIndex cause = earliest_cause();
    return cause != kNoRecord &&
           mul_sat(rst_.frame.time_ns - h_.records()[cause].frame.time_ns, 3) < round_trip;
  }

  // What the receiver sent before the RST reached it tells nothing.
  SegmentRef not_heeded() const {
    if (v_.became != Became::NotTaken || h_.closing.ended_by.record < i_) return {};
    const TimeNs late = rst_.frame.time_ns + std::max(h_.trace.round_trip().value_or(0), kReordering);
    return ref(h_.trace, first_after(h_.trace, i_, other(side_), [&](const SegmentRecord& r) {
                 return carries_on(r) && r.frame.time_ns > late;
               }));
  }

  // A segment that the RST answers ends the idle time, it is not part of it.
  TimeNs idle() const {
    const RecordIndex until = v_.answers ? v_.answers->segment.record : i_;
    const RecordIndex a = last_before(h_.trace, until, Side::A), b = last_before(h_.trace, until, Side::B);
    if (a == kNoRecord && b == kNoRecord) return 0;
    const RecordIndex from = a == kNoRecord ? b : b == kNoRecord ? a : std::max(a, b);
    return h_.records()[until].frame.time_ns - h_.records()[from].frame.time_ns;
  }

  Unanswered unanswered() const {
    Unanswered found = Unanswered::Nothing;
    const RecordIndex from = v_.peer_before ? v_.peer_before.record + 1 : 0;
    for (RecordIndex k = i_; k-- > from;) {
      const SegmentRecord& r = h_.records()[k];
      if (r.side != side_ || r.copy || !(r.standing.keepalive || r.sequence_length() > 0)) continue;
      if (found == Unanswered::Nothing) found = r.standing.keepalive ? Unanswered::Probes : Unanswered::Data;
      if (found == Unanswered::Data && (r.standing.retransmission || r.standing.keepalive))
        found = Unanswered::Repeats;
    }
    return found;
  }

  // What its ACK field covers, if that can be: it may carry any number (RFC 5961 1.1).
  StreamOffset covered() const {
    const bool can_be = rst_.has(kAck) && rst_.ack <= h_.trace.facts(other(side_)).sent_max;
    return can_be ? std::max(rst_.ack, acked_) : acked_;
  }

  // One past the last octet that `sender` had sent.
  StreamOffset data_end(Side sender) const {
    const RecordIndex last = last_before(
        h_.trace, i_, sender, [](const SegmentRecord& r) { return has_octets(r) || opens_with_data(r); });
    if (last == kNoRecord) return 1;
    const SegmentRecord& r = h_.records()[last];
    const FinVerdict* const fin = h_.closing.fin(sender);
    const StreamOffset sent = std::max(r.sent_max, r.end());
    return fin != nullptr && sent == fin->end ? sent - 1 : sent;
  }

  StreamOffset unacknowledged(Side sender, StreamOffset acked) const {
    return std::max<StreamOffset>(0, data_end(sender) - std::max<StreamOffset>(acked, 1));
  }

  // A bare RST is numbered by an acknowledgment that reached its sender, captured or not.
  std::optional<StreamOffset> unacknowledged_own() const {
    const bool shows_ack = !v_.acknowledges && !v_.odd_sequence && rst_.seq <= rst_.sent_max;
    const StreamOffset acked = shows_ack ? std::max(peer_acked_, rst_.seq) : peer_acked_;
    const StreamOffset octets = unacknowledged(side_, acked);
    if (!v_.peer_before && octets > 0) return std::nullopt;
    return octets;
  }

  // The peer had more to say when `answer` reached it: what it had sent last ends no write (no PSH), or it
  // goes on without having heard the answer.
  bool still_sending(const SegmentRecord& answer, RecordIndex last_data) const {
    if (!h_.records()[last_data].has(kPsh) && !h_.records()[last_data].has(kFin)) return true;
    const RecordIndex next = first_after(h_.trace, i_, other(side_), is_data);
    return next != kNoRecord && !h_.records()[next].standing.retransmission &&
           h_.records()[next].ack <= answer.seq;
  }

  // Its data were the connection's first.
  bool asked_first() const {
    const SegmentRecord& opens = h_.records().front();
    const RecordIndex first = first_after(h_.trace, 0, side_, is_data);
    const RecordIndex peers = first_after(h_.trace, 0, other(side_), is_data);
    return opens.has(kSyn) && first < peers;
  }

  // What it had taken of a peer of which nothing was captured; one octet may be that peer's FIN.
  StreamOffset taken_unseen() const {
    const StreamOffset acked = rst_.has(kAck) ? std::max(rst_.ack, acked_) : acked_;
    return acked > 2 ? acked : 0;
  }

  // An end that sends data has read what came before, as far as it acknowledges it; but not if it answers
  // while its peer is still sending.
  void find_unread() {
    const RecordIndex last_data = last_before(h_.trace, i_, other(side_), is_data);
    if (completed_unseen(h_.trace, i_) || (last_data == kNoRecord && v_.peer_before)) return;
    const StreamOffset taken = v_.peer_before ? std::min(data_end(other(side_)), covered()) : taken_unseen();
    const auto not_read_since = [&](StreamOffset read) {
      return std::max<StreamOffset>(0, taken - std::max<StreamOffset>(read, 1));
    };
    const RecordIndex own = last_before(h_.trace, i_, side_, is_data);
    // Who asked and has had its answer for long closes an idle connection.
    if (own != kNoRecord && v_.idle_ns >= kClosedByTimerAfter && asked_first()) return;
    v_.maybe_unread = not_read_since(own == kNoRecord ? 1 : h_.records()[own].ack);
    if (last_data == kNoRecord || own == kNoRecord || v_.idle_ns >= kClosedByTimerAfter) return;
    if (!still_sending(h_.records()[own], last_data)) return;
    const StreamOffset answered = h_.records()[own].ack;
    const RecordIndex before = last_before(
        h_.trace, own, side_, [&](const SegmentRecord& r) { return is_data(r) && r.ack < answered; });
    const StreamOffset under_way = not_read_since(before == kNoRecord ? 1 : h_.records()[before].ack);
    v_.answered_early = under_way > v_.maybe_unread;
    v_.maybe_unread = under_way;
  }

  const FlowHistory& h_;
  const ResetReading& reading_;
  RecordIndex i_;
  const SegmentRecord& rst_;
  Side side_;
  StreamOffset acked_, peer_acked_;  // what the sender of the RST, and its peer, had acknowledged
  ResetVerdict v_;
};

// A forged RST that its receiver took all the same.
bool taken_though_forged(const FlowHistory& h, const ResetReading& reading) {
  if (reading.goes_on == kNoRecord) return false;
  return std::any_of(h.transitions.begin(), h.transitions.end(), [&](const Transition& t) {
    return t.record == reading.record && t.side != h.records()[reading.record].side &&
           kSynchronized.has(t.from) && t.to == TcpState::Closed;
  });
}

}  // namespace

void conclude_resets(const Observations& observations, FlowHistory& h) {
  ClosingVerdicts& closing = h.closing;
  for (const ResetReading& reading : observations.resets) {
    const SegmentRecord& rst = h.records()[reading.record];
    if (rst.copy || rst.has(kSyn)) continue;
    const TcpState before = h.before(reading.record, rst.side);
    const bool synchronised = before == TcpState::Unknown || kSynchronized.has(before);
    const bool own = synchronised && observations.records[reading.record].constrains;
    if (!closing.ended_by && (own || taken_though_forged(h, reading))) {
      closing.ended_by = ref(h.trace, reading.record);
      closing.ended_by_side = rst.side;
    }
    if (!reading.damaged && after_handshake(h, reading))
      closing.ends[index(rst.side)].resets.push_back(ResetJudge(h, reading).judge());
  }
}

}  // namespace tcpautopsy

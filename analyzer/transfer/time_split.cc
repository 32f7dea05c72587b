#include "analyzer/transfer/time_split.h"

#include <algorithm>

#include "analyzer/seq/saturating.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr TimeNs kMs = 1'000'000;
// RFC 1122 4.2.3.2: an ACK is delayed by less than 500 ms; Linux waits 40 ms at least, others 50 to 200.
constexpr TimeNs kDelayedAckFrom = 35 * kMs, kDelayedAckTo = 550 * kMs;
// What comes so soon after another came with it.
constexpr TimeNs kBurst = 1 * kMs;
// Options take up to 40 octets of a full-sized segment.
constexpr std::uint32_t kOptions = 40;
// After so many segments the largest tells the size of full ones better than the MSS option.
constexpr std::uint64_t kManySegments = 16;

TimeNs known(std::int64_t rtt_ns) { return std::max<std::int64_t>(rtt_ns, 0); }

std::uint32_t full_size(const SenderView& view) {
  if (view.smss == 0) return std::max<std::uint32_t>(view.largest, 536);
  const bool told = view.data_segments >= kManySegments && view.largest >= view.smss / 2;
  return told ? std::min(view.smss, view.largest) : view.smss;
}

// Sent before in part, with new data behind it. One octet may be a window probe's, which means nothing.
bool joined(const PlacedSegment& s) { return s.new_bytes > 0 && s.new_bytes + 1 < s.segment.payload_length; }

}  // namespace

struct TimeSplit::Now {
  const PlacedSegment& segment;
  const SenderView& sender;
  Sending& own;
  const SenderKnowledge::State& knew;
  TimeNs rtt_own, rtt_peer;  // 0 where unknown
  std::uint64_t flight;      // before it, as its sender knew
  std::uint32_t full;
  TimeNs released_ns;  // when an ACK could last have released it, seen at the capture point
  TimeNs slack;        // what a reaction may be late

  bool is_full(std::uint32_t length) const { return length + kOptions >= full; }
};

// Charged is charged: a clock that was set back adds nothing.
void TimeSplit::charge(HeldBy cause, Side side, TimeNs until) {
  if (until <= mark_ns_) return;
  facts_.ns[index(side)][index(cause)] += until - mark_ns_;
  mark_ns_ = until;
  last_side_ = side;
  last_cause_ = cause;
}

void TimeSplit::start(const PlacedSegment& segment) {
  started_ = true;
  mark_ns_ = segment.time_ns();
  opening_ = facts_.opening_seen = segment.has(kSyn);
  speaker_ = segment.side;
}

void TimeSplit::add(const PlacedSegment& segment, const Views& views) {
  if (!started_) start(segment);
  // A SYN-ACK sent again: the handshake was over for one end only.
  if (segment.has(kSyn) && !spoken_ && !closing_) opening_ = true;
  rtt_ns_[index(segment.side)] = segment.rtt_sender_ns;
  rtt_ns_[index(other(segment.side))] = segment.rtt_receiver_ns;
  if (opening_) {
    charge(HeldBy::Handshake, segment.side, segment.time_ns());
    if (segment.has(kRst)) {
      opening_ = false;
      closing_ = true;
    } else if (!segment.has(kSyn)) {
      // Whoever completes the handshake may speak at once; the other is a round trip behind.
      opening_ = false;
      speaker_ = segment.side;
    }
  }
  Sending& own = sending_[index(segment.side)];
  // Probes carry nothing that waited, but one of a closed window shows that something does.
  if (views.probe != ProbeKind::None) {
    own.probed = own.probed || views.probe != ProbeKind::KeepAlive;
  } else if (segment.length > 0 || segment.has(kRst)) {
    judge(segment, views);
  }
  note_window(segment);
  sending_[index(other(segment.side))].knowledge.told(segment, segment.rtt_receiver_ns);
}

void TimeSplit::judge(const PlacedSegment& segment, const Views& views) {
  const SenderView& sender = views.own;
  Sending& own = sending_[index(segment.side)];
  const TimeNs time = segment.time_ns();
  const SenderKnowledge::State& knew = own.knowledge.at(time, segment.rtt_sender_ns);
  const TimeNs rtt = known(segment.rtt_sender_ns);
  const std::uint64_t flight = sender.started && knew.acked && sender.snd_nxt > knew.una
                                   ? static_cast<std::uint64_t>(sender.snd_nxt - knew.una)
                                   : 0;
  const Now now{segment,
                sender,
                own,
                knew,
                rtt,
                known(segment.rtt_receiver_ns),
                flight,
                full_size(sender),
                knew.acked_ns + rtt,
                2 * kMs + rtt / 4};
  if (segment.has_data() && !segment.has(kRst)) {
    if (!judge_loss(now) && !judge_zero_window(now)) judge_data(now);
    speaker_ = segment.standing.retransmission || segment.standing.fills_gap ? speaker_ : segment.side;
    spoken_ = true;
  } else if (closing_) {
    charge(HeldBy::Closing, segment.side, time);
  } else if (!segment.has(kSyn)) {
    if (!judge_loss(now) && !judge_zero_window(now)) judge_end(now);
    speaker_ = segment.side;
  }
  if (segment.has(kFin) || segment.has(kRst)) closing_ = true;
  if (!segment.has(kRst)) note_sent(now);
}

// Data sent again, and all that its sender sends until what it had sent by then is acknowledged.
bool TimeSplit::judge_loss(const Now& now) {
  const PlacedSegment& s = now.segment;
  Sending& own = now.own;
  // What fills a hole sooner than a round trip came late, no more.
  const bool late = s.standing.fills_gap && own.hole &&
                    s.time_ns() - own.hole_ns < mul_sat(add_sat(now.rtt_own, now.rtt_peer), 3) / 4;
  if ((s.standing.retransmission && s.has_data()) || joined(s) || (s.standing.fills_gap && !late)) {
    own.recovery_point = std::max(own.recovery_point, std::max(now.sender.snd_nxt, s.end()));
    own.flight.lost();
  } else if (!now.sender.acked || now.sender.snd_una >= own.recovery_point) {
    return false;
  }
  charge(HeldBy::LossRecovery, s.side, s.time_ns());
  return true;
}

// The window was closed since its last data, and it went on as soon as it heard that it was open, or it had
// probed: it had data.
bool TimeSplit::judge_zero_window(const Now& now) {
  Sending& own = now.own;
  const TimeNs time = now.segment.time_ns();
  const bool into_closed = own.closed && time - own.closed_ns > now.rtt_own + now.slack;
  const bool after = own.opened && !own.closed && time - own.opened_ns <= now.rtt_own + now.slack;
  if (!into_closed && !after && !(own.probed && own.opened)) return false;
  charge(HeldBy::ReceiveWindow, now.segment.side, std::min(own.closed_ns, time));
  charge(HeldBy::ZeroWindow, now.segment.side, time);
  return true;
}

// An end has its turn from `mark_ns_` on: the other's data must reach it, and its own come back.
void TimeSplit::wait_for(Side side, TimeNs until, bool with_network) {
  const TimeNs network = with_network ? known(rtt_ns_[index(side)]) : 0;
  charge(HeldBy::Network, side, std::min(until, add_sat(mark_ns_, network)));
  const TimeNs rest = until - mark_ns_;
  charge(rest >= kIdleFrom ? HeldBy::LongApplication : HeldBy::Application, side, until);
}

// The first segment of a turn waits for its application. In the middle of one, what an ACK released had
// waited for that ACK.
void TimeSplit::judge_data(const Now& now) {
  const Side side = now.segment.side;
  const TimeNs time = now.segment.time_ns();
  if (!spoken_) return wait_for(side, time, speaker_ != side);
  if (now.flight == 0 && speaker_ != side) return wait_for(side, time, true);

  // At the edge as it takes it, until the ACK that moves that; where less than a full segment fits, the timer
  // of RFC 1122 4.2.3.4 comes on top.
  if (now.sender.unscaled.at_edge && now.sender.unscaled.obeyed())
    return charge(HeldBy::ReceiveWindow, side, time);
  const bool released = now.own.started && now.knew.acked &&
                        (!now.own.at_last_send.acked || now.knew.una > now.own.at_last_send.una);
  const HeldBy cause = held_by(now, released);
  if (cause != HeldBy::Sender) {
    const TimeNs released_ns =
        cause == HeldBy::ReceiveWindow ? now.knew.edge_ns + now.rtt_own : now.released_ns;
    const bool prompt = (!released && cause != HeldBy::ReceiveWindow) || time - released_ns <= now.slack;
    charge(cause, side, prompt ? time : std::max(released_ns, mark_ns_));
    now.own.cause = cause;
    if (prompt) return;
  }
  if (speaker_ != side) return wait_for(side, time, true);
  if (time - mark_ns_ > kBurst) now.own.cause = HeldBy::Sender;
  charge(now.flight == 0 && time - mark_ns_ >= kIdleFrom ? HeldBy::Idle : HeldBy::Sender, side, time);
}

HeldBy TimeSplit::held_by(const Now& now, bool released) const {
  const auto& before = now.own.at_last_send;
  if (before.edge_known && now.knew.edge_known && now.knew.edge > before.edge &&
      now.segment.end() > before.edge) {
    return HeldBy::ReceiveWindow;
  }
  if (released && held_by_ack(now)) return HeldBy::NagleDelayedAck;
  if (held_by_congestion(now, released))
    return now.own.flight.slow_start() ? HeldBy::SlowStart : HeldBy::CongestionWindow;
  const TimeNs burst = kBurst + (now.rtt_own + now.rtt_peer) / 16;
  const bool with_last = now.flight > 0 && now.segment.time_ns() - now.sender.sent_ns <= burst;
  return with_last ? now.own.cause : HeldBy::Sender;
}

// A small segment that leaves as the ACK of an earlier small one comes in (RFC 9293 3.7.4), or any that
// leaves as the ACK of less than two full ones comes in late (RFC 9293 3.8.6.3).
bool TimeSplit::held_by_ack(const Now& now) const {
  if (now.flight > 0 || now.segment.time_ns() - now.released_ns > now.slack) return false;
  const bool small = !now.is_full(now.segment.segment.payload_length);
  const bool after_small = !now.is_full(now.own.last_length);
  const TimeNs late = now.knew.acked_ns - now.sender.sent_ns - now.rtt_peer;
  const StreamOffset covered = now.sender.snd_nxt - now.own.at_last_send.una;
  if (late >= kDelayedAckFrom && late <= kDelayedAckTo && covered < 2 * StreamOffset{now.full}) return true;
  // Without a delay only where chance is unlikely: the round trip is long beside what it may be late.
  const TimeNs close = 2 * kMs + now.rtt_own / 16;
  return small && after_small && now.rtt_own + now.rtt_peer > 4 * close &&
         now.segment.time_ns() - now.released_ns <= close;
}

// Full-sized segments, as many in flight as ever of late, each released by an ACK; or more than ever.
bool TimeSplit::held_by_congestion(const Now& now, bool released) const {
  const std::uint32_t length = now.segment.segment.payload_length;
  if (!now.is_full(length) && !now.is_full(now.own.last_length)) return false;
  const FlightRounds& rounds = now.own.flight;
  const std::uint64_t after = now.flight + length;
  // The window was full when it last sent, as far as an ACK then released more.
  const auto& before = now.own.at_last_send;
  const bool was_full = released && before.acked && now.sender.snd_nxt > before.una &&
                        rounds.full(static_cast<std::uint64_t>(now.sender.snd_nxt - before.una));
  if (now.flight == 0) return was_full && now.is_full(now.own.last_length);
  if (was_full || (released && rounds.full(after))) return true;
  return now.segment.time_ns() - now.sender.sent_ns <= (now.rtt_own + now.rtt_peer) / 4 &&
         rounds.beyond(after);
}

// Nothing more comes of its sender: FIN or RST. Who ends a connection after having spoken has waited for the
// other to speak.
void TimeSplit::judge_end(const Now& now) {
  const Side side = now.segment.side;
  const TimeNs time = now.segment.time_ns();
  if (spoken_ && speaker_ == side && now.flight == 0) return wait_for(other(side), time, true);
  wait_for(side, time, speaker_ != side);
}

void TimeSplit::note_sent(const Now& now) {
  const PlacedSegment& s = now.segment;
  Sending& own = now.own;
  const bool held = own.cause == HeldBy::SlowStart || own.cause == HeldBy::CongestionWindow;
  if (s.end() > now.sender.snd_nxt || !now.sender.started) own.flight.sent(s.end(), now.knew.una, held);
  if (s.standing.after_gap && !own.hole) {
    own.hole = true;
    own.hole_ns = s.time_ns();
  }
  if (s.standing.fills_gap) own.hole = false;
  own.at_last_send = now.knew;
  own.last_length = s.segment.payload_length;
  own.opened = own.probed = false;
  own.started = true;
  if (own.closed) own.closed_ns = std::max(own.closed_ns, s.time_ns());
}

void TimeSplit::note_window(const PlacedSegment& s) {
  if (!s.has(kAck) || s.has(kSyn) || s.has(kRst)) return;
  Sending& held = sending_[index(other(s.side))];
  const bool closed = s.window == 0;
  if (closed == held.closed) return;
  held.closed = closed;
  if (!closed) {
    held.opened = true;
    held.opened_ns = s.time_ns();
  } else if (!held.opened) {
    held.closed_ns = s.time_ns();
  }
}

// The last segment is not the latest, by a clock that was set back: what was charged last did not last so
// long.
void TimeSplit::set_back(TimeNs by) {
  if (by <= 0) return;
  const auto take = [&by](TimeNs& from) {
    const TimeNs taken = std::clamp<TimeNs>(by, 0, from);
    from -= taken;
    by -= taken;
  };
  take(facts_.ns[index(last_side_)][index(last_cause_)]);
  for (auto& side : facts_.ns)
    for (auto cause = side.rbegin(); cause != side.rend(); ++cause) take(*cause);
}

void TimeSplit::finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts) {
  if (!started_) return;
  const Side next = other(speaker_);
  const SenderView& spoke = views[index(speaker_)];
  if (opening_) {
    charge(HeldBy::Handshake, speaker_, last_ns);
  } else if (closing_) {
    charge(HeldBy::Closing, speaker_, last_ns);
  } else if (!spoken_) {
    charge(HeldBy::LongApplication, speaker_, last_ns);
  } else if (const Sending& own = sending_[index(speaker_)]; own.closed && own.probed) {
    charge(HeldBy::ReceiveWindow, speaker_, std::min(own.closed_ns, last_ns));
    charge(HeldBy::ZeroWindow, speaker_, last_ns);
  } else if (spoke.in_flight() > 0) {
    charge(HeldBy::Network, speaker_, std::min(last_ns, mark_ns_ + known(rtt_ns_[index(next)])));
    charge(HeldBy::LossRecovery, speaker_, last_ns);
  } else {
    wait_for(next, last_ns, true);
  }
  set_back(mark_ns_ - last_ns);
  facts.time = facts_;
}

}  // namespace tcpautopsy

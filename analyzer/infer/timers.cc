#include "analyzer/infer/timers.h"

#include <algorithm>

#include "analyzer/infer/resend_steps.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

// No host's 2MSL is set shorter than this.
constexpr TimeNs kShortestTimeWait = kSecond;

using enum TcpState;
using namespace weights;

// Sends of one thing that stays unanswered.
struct Retransmissions {
  RecordIndex first = kNoRecord, last = kNoRecord;
  TimeNs last_ns = 0, before_ns = 0;       // the last, and the one before it
  unsigned count = 0;                      // after the first, by the timer
  TimeNs step_ns = 0, step_before_ns = 0;  // which the timer's last took, and the one before it

  void add(RecordIndex i, TimeNs time_ns, bool by_timer) {
    if (first == kNoRecord) {
      first = i;
    } else if (by_timer) {
      step_before_ns = step_ns;
      // Right beside an answer either of the two may be the timer's.
      step_ns = time_ns - (time_ns - last_ns > kPatienceForSyn ? last_ns : before_ns);
      ++count;
    }
    last = i;
    before_ns = last_ns;
    last_ns = time_ns;
  }
};

bool belongs(const SegmentRecord& r, RecordIndex i, TcpState state, const StreamFacts& own,
             StreamOffset una) {
  switch (state) {
    case SynSent: return r.has(kSyn) && !r.has(kAck);
    case SynReceived: return r.has(kSyn) && r.has(kAck);
    case FinWait1:
    case Closing:
    case LastAck:
      return own.first_fin != kNowhere && i >= own.first_fin &&
             (r.has(kFin) || (r.payload > 0 && r.standing.retransmission));
    default: return r.payload > 0 && !r.standing.keepalive && r.end() > una;
  }
}

// A SYN-ACK that answers a SYN sent again. It starts the timer anew, and is none of its resends.
bool answers_syn(const FlowTrace& trace, RecordIndex syn_ack, TimeNs rtt) {
  const SegmentRecord& r = trace.records[syn_ack];
  for (RecordIndex i = syn_ack; i-- > 0;) {
    const SegmentRecord& before = trace.records[i];
    if (before.copy || !before.has(kSyn)) continue;
    return before.side != r.side && r.frame.time_ns - before.frame.time_ns <= rtt + kPatienceForSyn;
  }
  return false;
}

Retransmissions unanswered(TcpState state, const FlowTrace& trace, const Observations& observations,
                           Side side) {
  Retransmissions group;
  const StreamFacts& own = observations.streams[index(side)];
  const StreamOffset una = trace.facts(other(side)).acked_max;
  const bool data = state == Established || state == CloseWait;
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.side != side || r.copy || r.has(kRst) || !belongs(r, i, state, own, una)) continue;
    // Of a window in flight only what is sent again counts as a resend; the rest is one burst.
    if (data && group.first != kNoRecord && !r.standing.retransmission) {
      group = {};
    }
    group.add(i, r.frame.time_ns, state != SynReceived || !answers_syn(trace, i, own.rtt_ns));
  }
  return group;
}

unsigned profile_retries(TcpState state, const Profile& profile) {
  switch (state) {
    case SynSent: return profile.syn_retries;
    case SynReceived: return profile.syn_ack_retries;
    case Established:
    case CloseWait: return profile.data_retries;
    default: return profile.orphan_retries;
  }
}

bool heard_since(const FlowTrace& trace, Side side, RecordIndex i) {
  for (RecordIndex k = i + 1; k < trace.records.size(); ++k)
    if (trace.records[k].side == side && !trace.records[k].copy) return true;
  return false;
}

// When the next resend is due: RFC 6298 5.5, each step twice the one before, up to a bound.
TimeNs next_step(TcpState state, const Retransmissions& group, const Profile& profile) {
  if (group.count == 0) return kFirstStep;
  if (at_their_bound(group.step_before_ns, group.step_ns)) return group.step_ns;
  const TimeNs step = std::min(mul_sat(std::max(group.step_ns, profile.minimum_rto / 2), 2), kLongestStep);
  return group.count < kFewestResends && state != SynReceived ? std::max(step, kFirstStep) : step;
}

// The next SYN of most systems is overdue: its socket may be closed, by its application or for good.
bool syn_overdue(TcpState state, const Retransmissions& group, TimeNs watched_ns) {
  const TimeNs due = group.count == 0 ? kFirstTimeout : mul_sat(group.step_ns, 2);
  return state == SynSent && mul_sat(watched_ns - group.last_ns, 2) >= mul_sat(due, 3);
}

Ending resend_ending(TcpState state, const FlowTrace& trace, const Observations& observations,
                     const Profile& profile, Side side, TimeNs watched_ns) {
  const bool data = state == Established || state == CloseWait;
  const Retransmissions group = unanswered(state, trace, observations, side);
  Ending e;
  e.leave = data ? kGaveUpDataUnseen : kGaveUpUnseen;
  if (group.last == kNoRecord || (data && group.count == 0)) return e;
  const TimeNs step = next_step(state, group, profile);
  e.left_ns = group.last_ns + step;
  const bool by_profile = group.count >= profile_retries(state, profile);
  // Where no further resend is to come by the profile, the end is the likelier.
  const TimeNs tolerance = resend_tolerance(step) + observations.streams[index(side)].rtt_ns;
  const bool surely_over = watched_ns > e.left_ns + tolerance;
  if (!surely_over && !(by_profile && watched_ns >= e.left_ns)) {
    if (syn_overdue(state, group, watched_ns)) e.leave = kGaveUpSynOverdue;
    return e;
  }
  if (data && (group.count < kFewestResends || heard_since(trace, other(side), group.last))) return e;
  if (!data && group.count == 0 && state != SynSent && state != SynReceived) {
    // An unacknowledged FIN would have been sent again long ago: it is not unacknowledged.
    e.leave = e.stay = kFinNotOutstanding;
    return e;
  }
  e.leave = 0;
  e.stay = !surely_over                    ? kStillThereByProfile
           : group.count >= kFewestResends ? kStillThereManyResends
                                           : kStillThereFewResends;
  e.give_up = GiveUp{state, group.first, group.last, group.count, e.left_ns, by_profile};
  return e;
}

// Probes into a closed window go on, at doubling steps, for as long as it stays closed (RFC 9293 3.8.6.1): a
// step that was due and did not come means that the prober is gone.
Ending probe_ending(TcpState state, const FlowTrace& trace, Side side, TimeNs watched_ns, Ending e) {
  RecordIndex last = kNoRecord, before_last = kNoRecord, first = kNoRecord;
  bool closed = false;
  unsigned count = 0;
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.side != side) {
      closed = r.has(kAck) && r.window == 0;
      if (!closed) count = 0;
    } else if (closed && r.looks_like_probe()) {
      if (count++ == 0) first = i;
      before_last = last;
      last = i;
    } else if (r.sequence_length() > 0) {
      count = 0;
    }
  }
  if (!closed || count < kFewestProbes) return e;
  const TimeNs last_ns = trace.records[last].frame.time_ns;
  const TimeNs step = std::min(mul_sat(last_ns - trace.records[before_last].frame.time_ns, 2), kLongestStep);
  if (watched_ns <= add_sat(last_ns, add_sat(step, probe_tolerance(step)))) return e;
  e.left_ns = add_sat(last_ns, step);
  e.leave = 0;
  e.stay = kStillProbing;
  e.give_up = GiveUp{state, first, last, count - 1, e.left_ns, false};
  return e;
}

// When the peer's FIN, or its acknowledgment of the own, is taken to have come where it was not captured:
// never before the own FIN; of a peer of which nothing was captured, the own last segment may be the answer
// to it.
TimeNs unseen_start(const FlowTrace& trace, Side side, TimeNs now_ns) {
  TimeNs start = trace.first.time_ns;
  for (const SegmentRecord& r : trace.records) {
    if (r.frame.time_ns > now_ns) break;
    if (r.side != side) continue;
    if (trace.one_sided())
      start = r.frame.time_ns;
    else if (r.has(kFin))
      return r.frame.time_ns;
  }
  return start;
}

// The earliest start of the 2MSL wait that explains what `side` answered: what may have completed the peer's
// stream first and acknowledged the own FIN, moved on by each FIN that it answered. Never after `latest`.
TimeNs answered_start(const FlowTrace& trace, const Observations& observations, Side side, TimeNs latest) {
  const StreamOffset fin_end = observations.streams[index(other(side))].fin_end;
  std::optional<TimeNs> start, asked, fin_acked_ns;
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.side == side) {
      if (!asked || !r.has(kAck) || r.ack < fin_end) continue;
      start = asked;
      asked.reset();
      continue;
    }
    const std::uint8_t triggers = observations.records[i].triggers;
    if ((triggers & kGotAckOfFin) && !fin_acked_ns) fin_acked_ns = r.frame.time_ns;
    if ((triggers & kGotFin) == 0) continue;
    if (!start) start = r.frame.time_ns;
    if (r.has(kFin)) asked = r.frame.time_ns;
  }
  return std::min(std::max(start.value_or(latest), fin_acked_ns.value_or(latest)), latest);
}

Ending time_wait_ending(const FlowTrace& trace, const Observations& observations, const Profile& profile,
                        Side side, TimeNs end_ns) {
  Ending e;
  const TimeNs latest = time_wait_start(trace, observations, side, end_ns);
  e.left_ns = latest + profile.time_wait;
  if (end_ns < e.left_ns) {
    // A FIN that nobody answered may have been lost, and restarted nothing.
    if (end_ns >= answered_start(trace, observations, side, latest) + profile.time_wait)
      e.leave = kTimeWaitNotRestarted;
    return e;
  }
  const bool surely_over = end_ns >= e.left_ns + kTimerSlack;
  e.leave = 0;
  e.stay = surely_over ? kTimeWaitOverdue : kTimeWaitJustOver;
  return e;
}

Ending fin_wait_2_ending(const FlowTrace& trace, const Observations& observations, const Profile& profile,
                         Side side, TimeNs end_ns) {
  Ending e;
  if (!profile.fin_wait_2) return e;
  e.left_ns = time_wait_start(trace, observations, side, end_ns) + *profile.fin_wait_2;
  // Only a socket that was closed, not one that was shut down, is timed out (RFC 1122 4.2.2.13): packets do
  // not tell which, unless it is still there when its time is over.
  const bool outlives = std::any_of(trace.records.begin(), trace.records.end(), [&](const SegmentRecord& r) {
    return r.side == side && r.has(kAck) && !r.has(kRst) && r.frame.time_ns > e.left_ns;
  });
  if (end_ns >= e.left_ns && !outlives) e.leave = kFinWait2Over;
  return e;
}

// What the state waits for ran out by `now_ns`.
bool silent_due(TcpState state, const FlowTrace& trace, const Observations& observations,
                const Profile& profile, Side side, TimeNs now_ns) {
  if (state == TimeWait)
    return now_ns >= time_wait_start(trace, observations, side, now_ns) + profile.time_wait;
  const Ending at_now = ending(state, trace, observations, profile, side, now_ns);
  return state == FinWait2 ? at_now.leave != kNever : at_now.give_up && at_now.leave == 0;
}

}  // namespace

TimeNs time_wait_start(const FlowTrace& trace, const Observations& observations, Side side, TimeNs now_ns) {
  // A FIN restarts the wait, a bare repeat of the ACK of our FIN does not, unless our FIN was sent again
  // before it. In CLOSING it is that ACK which begins the wait.
  std::optional<TimeNs> fin_ns, fin_acked_ns;
  bool fin_outstanding = true;
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.frame.time_ns > now_ns) break;
    fin_outstanding = fin_outstanding || (r.side == side && r.has(kFin));
    if (r.side == side && !trace.self_connection) continue;
    const std::uint8_t triggers = observations.records[i].triggers;
    if (triggers & kGotFin) fin_ns = r.frame.time_ns;
    if ((triggers & kGotAckOfFin) == 0 || !fin_outstanding) continue;
    fin_acked_ns = r.frame.time_ns;
    fin_outstanding = false;
  }
  if (fin_ns && fin_acked_ns) return std::max(*fin_ns, *fin_acked_ns);
  const TimeNs unseen_ns = unseen_start(trace, side, now_ns);
  return std::max(fin_ns.value_or(unseen_ns), fin_acked_ns.value_or(unseen_ns));
}

Ending ending(TcpState state, const FlowTrace& trace, const Observations& observations,
              const Profile& profile, Side side, TimeNs capture_end_ns) {
  switch (state) {
    case Closed:
    case Listen:
    case Unknown: return {};
    case TimeWait: return time_wait_ending(trace, observations, profile, side, capture_end_ns);
    case FinWait2: return fin_wait_2_ending(trace, observations, profile, side, capture_end_ns);
    default: break;
  }
  // That nothing was sent again is only known of the time in which the capture ran.
  const TimeNs watched_ns = std::min(capture_end_ns, trace.paused_ns.value_or(capture_end_ns));
  const Ending e = resend_ending(state, trace, observations, profile, side, watched_ns);
  const bool open = state == Established || state == CloseWait;
  return open && !e.give_up ? probe_ending(state, trace, side, watched_ns, e) : e;
}

Cost silent_close_cost(TcpState state, const FlowTrace& trace, const Observations& observations,
                       const Profile& profile, Side side, TimeNs now_ns) {
  const SilentRow* row = silent_row(state);
  if (row == nullptr) return kNever;
  if (silent_due(state, trace, observations, profile, side, now_ns)) return row->due_cost;
  // One that is still there when its time is over was only shut down: no timer ends it.
  const bool outlived = state == FinWait2 && profile.fin_wait_2 &&
                        now_ns >= ending(state, trace, observations, profile, side, now_ns).left_ns;
  return outlived ? kSilentOpen : row->early_cost;
}

std::optional<TimeNs> silent_close_time(TcpState state, const FlowTrace& trace,
                                        const Observations& observations, const Profile& profile, Side side,
                                        TimeNs now_ns) {
  if (state == TimeWait) {
    const TimeNs start = time_wait_start(trace, observations, side, now_ns);
    if (now_ns < answered_start(trace, observations, side, start) + kShortestTimeWait) return std::nullopt;
    return std::min(now_ns, start + profile.time_wait);
  }
  const Ending at_now = ending(state, trace, observations, profile, side, now_ns);
  // An application may end a connect at any time, and most do before the kernel would.
  const bool by_kernel = state != SynSent || (at_now.give_up && at_now.give_up->by_profile);
  const bool ran_out = state == FinWait2 ? at_now.leave != kNever : at_now.give_up && at_now.leave == 0;
  if (!by_kernel || !ran_out) return std::nullopt;
  return std::min(now_ns, at_now.left_ns);
}

}  // namespace tcpautopsy

#include "analyzer/infer/opening_answers.h"

#include <algorithm>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

// Least time that a timer lets pass before a SYN-ACK comes again, with room for jitter: common stacks start
// at 1 s.
constexpr TimeNs kLeastTimer = 500 * kMillisecond;
constexpr std::size_t kKeepsIgnoring = 2;
// One repeat makes up for one packet lost; more say that nothing came through for seconds.
constexpr std::size_t kKeepsRepeating = 2;
// With tcp_abort_on_overflow the RST answers the ACK in no time: not later than this after the round trip.
constexpr TimeNs kAtOnce = 20 * kMillisecond;

const SegmentRecord& record(const OpeningReading& r, RecordIndex i) { return r.flow.records()[i]; }
TimeNs time_of(const OpeningReading& r, RecordIndex i) { return record(r, i).frame.time_ns; }

// The least round trip seen may be short of the usual one.
std::optional<TimeNs> with_slack(std::optional<std::int64_t> round_trip) {
  return round_trip ? std::optional<TimeNs>(*round_trip + *round_trip / 4) : std::nullopt;
}

bool told_by_error(const FlowTrace& trace) {
  return std::any_of(trace.icmp.begin(), trace.icmp.end(),
                     [](const IcmpRecord& icmp) { return !icmp.in_doubt; });
}

bool between(const Sendings& sendings, RecordIndex after, RecordIndex before) {
  const auto earlier = [](RecordIndex i, const SegmentRef& s) { return i < s.record; };
  const auto next = std::upper_bound(sendings.again.begin(), sendings.again.end(), after, earlier);
  return (sendings.first.record > after && sendings.first.record < before) ||
         (next != sendings.again.end() && next->record < before);
}

IgnoredAcks ignored_acks(const OpeningReading& r) {
  IgnoredAcks found;
  const Opening& o = r.opening;
  if (!o.completing) return found;
  const TimeNs on_its_way = with_slack(r.flow.rtt(r.flow.server())).value_or(kLeastTimer);
  const SegmentRef* previous = &o.syn_acks.first;
  for (const SegmentRef& repeat : o.syn_acks.again) {
    const bool by_timer = !between(o.syns, previous->record, repeat.record) &&
                          repeat.time_ns() - previous->time_ns() >= kLeastTimer;
    if (by_timer && repeat.record > o.completing.record && repeat.record < o.server_knows.record &&
        repeat.time_ns() - o.completing.time_ns() >= on_its_way)
      found.repeats.push_back(repeat);
    previous = &repeat;
  }
  if (found.repeats.empty()) return found;
  for (const RecordIndex i : r.completing) {
    if (found.repeats.back().time_ns() - time_of(r, i) < on_its_way) break;
    found.ignored.push_back({i, record(r, i).frame});
    if (record(r, i).payload > 0) ++found.with_data;
  }
  return found;
}

std::vector<SegmentRef> late_completion(const OpeningReading& r) {
  std::vector<SegmentRef> repeats;
  const Opening& o = r.opening;
  if (!o.completing || !o.ignored_syn_acks.syns.empty()) return repeats;
  const SegmentRef* previous = &o.syn_acks.first;
  for (const SegmentRef& repeat : o.syn_acks.again) {
    if (repeat.record > o.completing.record) break;
    if (!between(o.syns, previous->record, repeat.record) &&
        repeat.time_ns() - previous->time_ns() >= kLeastTimer)
      repeats.push_back(repeat);
    previous = &repeat;
  }
  return repeats.size() < kKeepsRepeating ? std::vector<SegmentRef>() : repeats;
}

// The client's first ACK echoes the timestamp of the first SYN-ACK: that one arrived (RFC 7323 3.2).
bool first_arrived(const OpeningReading& r) {
  const Opening& o = r.opening;
  if (!o.completing) return false;
  const SegmentRecord &ack = record(r, o.completing.record), &first = record(r, o.syn_acks.first.record),
                      &last = record(r, o.syn_acks.last().record);
  return ack.has_timestamps && first.has_timestamps && first.ts_val != last.ts_val &&
         ack.ts_ecr == first.ts_val;
}

// A RST of the client at the SYN-ACK's ack number: something at its address received that one.
bool met_by_reset(const OpeningReading& r) {
  const SegmentRef &rst = r.opening.client_rst.segment, &first = r.opening.syn_acks.first;
  return rst && rst.record > first.record && record(r, rst.record).seq == record(r, first.record).ack;
}

// The server's timer sent its SYN-ACK again before `syn` passed, since nothing had answered the first.
bool repeated_by_timer(const OpeningReading& r, const SegmentRef& syn) {
  const Sendings& all = r.opening.syn_acks;
  return std::any_of(all.again.begin(), all.again.end(), [&](const SegmentRef& s) {
    return s.record < syn.record && s.time_ns() - all.first.time_ns() >= kLeastTimer;
  });
}

IgnoredSynAcks ignored_syn_acks(const OpeningReading& r) {
  IgnoredSynAcks found;
  const Opening& o = r.opening;
  if (o.syn_acks.empty() || met_by_reset(r)) return found;
  const auto round_trip = with_slack(r.flow.rtt(r.flow.client()));
  const SegmentRef& first = o.syn_acks.first;
  for (const SegmentRef& syn : o.syns.again)
    if (syn.record > first.record && syn.record < o.completing.record &&
        (between(o.syn_acks, syn.record, o.completing.record) || repeated_by_timer(r, syn)) &&
        syn.time_ns() - first.time_ns() >= round_trip.value_or(0))
      found.syns.push_back(syn);
  if (found.syns.empty() || first_arrived(r)) return {};
  found.timed = round_trip.has_value();
  found.syn_acks.push_back(first);
  for (const SegmentRef& syn_ack : o.syn_acks.again)
    if (syn_ack.record < found.syns.back().record &&
        found.syns.back().time_ns() - syn_ack.time_ns() >= round_trip.value_or(0))
      found.syn_acks.push_back(syn_ack);
  // One arrived: the last that the client can have answered.
  if (found.syn_acks.size() > 1 && o.completing &&
      !between(o.syn_acks, found.syn_acks.back().record, o.completing.record))
    found.syn_acks.pop_back();
  return found;
}

struct Unanswered {
  std::size_t segments = 0, with_data = 0;
};

// What the client sent after record `last` that completes the handshake.
Unanswered unanswered_since(const OpeningReading& r, RecordIndex last) {
  Unanswered count;
  for (const RecordIndex i : r.completing) {
    if (i < last) continue;
    ++count.segments;
    if (record(r, i).payload > 0) ++count.with_data;
  }
  return count;
}

// No SYN-ACK for 1.5 times its next step; or that step is over by more than a timer's lateness (an eighth at
// most on Linux, 7 % measured) and the client has stopped to send SYNs as well.
bool repeats_stopped(const OpeningReading& r, const Abandoned& seen) {
  const Opening& o = r.opening;
  if (mul_sat(seen.silence_ns, 2) >= mul_sat(seen.next_step_ns, 3)) return true;
  if (o.completing || o.syns.empty()) return false;
  const TimeNs client_step = next_step(o.syns.steps());
  const TimeNs client_silence = r.flow.watched_until_ns - o.syns.last().time_ns();
  return mul_sat(seen.silence_ns, 10) >= mul_sat(seen.next_step_ns, 11) &&
         mul_sat(client_silence, 2) >= mul_sat(client_step, 3);
}

std::optional<Abandoned> abandoned(const OpeningReading& r) {
  const Opening& o = r.opening;
  if (o.syn_acks.count() < 2 || o.server_knows || o.client_rst) return std::nullopt;
  const SegmentRef& last = o.syn_acks.last();
  const auto steps = o.syn_acks.steps();
  Abandoned found;
  // An answer to a repeated SYN comes between the server's own repeats: the longest step is its timer's.
  found.next_step_ns = mul_sat(*std::max_element(steps.begin(), steps.end()), 2);
  if (const SegmentRef& reset = o.server_rst.segment) {
    // One with ACK is its own, one without answers what the client sent.
    if (reset.record < last.record || o.server_rst.bare != static_cast<bool>(o.completing))
      return std::nullopt;
    found.reset = reset;
    found.certain = true;
    found.silence_ns = reset.time_ns() - last.time_ns();
    return found;
  }
  found.silence_ns = r.flow.watched_until_ns - last.time_ns();
  const auto unanswered = unanswered_since(r, last.record);
  found.certain = unanswered.segments == 0;
  if (!repeats_stopped(r, found)) return std::nullopt;
  // Its last answer to a SYN-ACK may have completed the handshake, unless data that came after was ignored
  // too.
  const bool out_of_tries = steps.size() >= r.flow.profile.syn_ack_retries && r.completing.size() > 1;
  if (unanswered.segments > 0 && unanswered.with_data < 2 && !out_of_tries) return std::nullopt;
  return found;
}

// The client's RST had ended it by then: what the client sends later meets no socket.
bool reset_by_client_before(const OpeningReading& r, RecordIndex i) {
  const auto& transitions = r.flow.transitions;
  return std::any_of(transitions.begin(), transitions.end(), [&](const Transition& t) {
    return t.side == r.flow.server() && t.to == TcpState::Closed && t.record < i &&
           record(r, t.record).has(kRst) && record(r, t.record).side == r.flow.client();
  });
}

// The client completed the handshake, and a RST is the server's first segment after its one SYN-ACK.
bool reset_on_completing(const OpeningReading& r) {
  const Opening& o = r.opening;
  const SegmentRef& rst = o.server_rst.segment;
  if (!rst || !o.completing || o.syn_acks.count() != 1) return false;
  if (rst.record > o.server_knows.record || rst.record < o.completing.record) return false;
  if (reset_by_client_before(r, rst.record)) return false;
  return record(r, rst.record).seq == record(r, o.completing.record).ack;
}

// Without a socket, and in answer to the handshake's ACK.
bool reset_at_once(const OpeningReading& r) {
  const Opening& o = r.opening;
  return o.reset_on_completing && o.server_rst.bare &&
         o.server_rst.segment.time_ns() - o.completing.time_ns() <=
             r.flow.rtt(r.flow.server()).value_or(0) + kAtOnce;
}

ThrownAway thrown_away(const OpeningReading& r) {
  const IgnoredAcks& acks = r.opening.ignored_acks;
  if (acks.ignored.size() >= kKeepsIgnoring && acks.repeats.size() >= kKeepsIgnoring)
    return ThrownAway::Ignored;
  return reset_at_once(r) ? ThrownAway::Reset : ThrownAway::No;
}

// The last SYN before the SYN-ACK, where the client sent it more than once.
SegmentRef tried_again(const Opening& o) {
  SegmentRef last;
  if (o.syn_acks.empty()) return last;
  for (const SegmentRef& syn : o.syns.again)
    if (syn.record < o.syn_acks.first.record) last = syn;
  return last;
}

// The SYN sent again after the last SYN-ACK, which did not arrive then: the client was still in SYN-SENT.
SegmentRef missed_syn_ack(const Opening& o) {
  const bool waits =
      !o.syn_acks.empty() && !o.syns.again.empty() && !o.client_rst && !o.server_knows && !o.completing;
  return waits && o.syns.last().record > o.syn_acks.last().record ? o.syns.last() : SegmentRef{};
}

// The first SYN-ACK, where the client met it without a socket and a RST had passed before it: another than
// the host that sent the SYN-ACK had answered first, and the client took the RST.
SegmentRef came_too_late(const Opening& o) {
  const bool unwanted = !o.syn_acks.empty() && o.client_rst && o.client_rst.bare && !o.client_rst.syn_again &&
                        !o.server_knows && !o.completing;
  return unwanted && o.server_rst && o.server_rst.segment.record < o.syn_acks.first.record &&
                 o.syn_acks.first.record < o.client_rst.segment.record
             ? o.syn_acks.first
             : SegmentRef{};
}

// Where a SYN-ACK came only RSTs before the SYN that it answers refuse, or before one that came too late, or
// after one that shows that it did not arrive: another may have sent the rest.
Refusals refusals(const OpeningReading& r) {
  Refusals found;
  const Opening& o = r.opening;
  if (o.syns.empty() || o.both) return found;
  const SegmentRef again_after = missed_syn_ack(o);
  const SegmentRef again = again_after ? SegmentRef{} : tried_again(o);
  const SegmentRef too_late = again || again_after ? SegmentRef{} : came_too_late(o);
  if (!again && !again_after && !too_late && (!o.syn_acks.empty() || o.server_knows || o.completing))
    return found;
  if (again_after && o.server_rst.segment.record < again_after.record) return found;
  const RecordIndex until = again      ? again.record
                            : too_late ? too_late.record
                                       : static_cast<RecordIndex>(r.flow.records().size());
  for (RecordIndex i = o.server_rst.segment.record; i < until; ++i) {
    const SegmentRecord& rst = record(r, i);
    if (rst.copy || rst.side != r.flow.server() || !means_rst(rst.flags) ||
        r.observations.records[i].unacceptable_to_syn)
      continue;
    if (found.resets.empty()) found.reset_ttl = rst.ttl;
    found.resets.push_back({i, rst.frame});
  }
  if (!again && !again_after && !too_late) found.errors = refusing_errors(r.flow);
  if (found.resets.empty()) return found;
  found.accepted = again;
  if (again_after) found.syn_ack = o.syn_acks.last();
  found.overtook_syn_ack =
      too_late && record(r, found.resets.front().record).seq == record(r, too_late.record).end();
  found.reset_syn = o.syns.first;
  for (const SegmentRef& syn : o.syns.again)
    if (syn.record < found.resets.front().record) found.reset_syn = syn;
  return found;
}

// What the server was in, in the connection before of the same addresses, as this one's first SYN came.
TcpState held_before(const FlowHistory& flow) {
  if (!flow.previous) return TcpState::Unknown;
  const PreviousIncarnation& previous = *flow.previous;
  const bool first = previous.address[0] == flow.trace.facts(flow.server()).address;
  return previous.held_in[first ? 0 : 1];
}

// It answers by the old numbers, or not at all though it must (RFC 9293 3.10.7.4, fourth check); TIME-WAIT is
// told apart (closing.h). What is no answer to the client shows it only while nothing else came.
std::optional<ReuseBlocked> blocked(const OpeningReading& r) {
  constexpr StateSet kHolds{TcpState::Established, TcpState::FinWait1, TcpState::FinWait2,
                            TcpState::CloseWait,   TcpState::Closing,  TcpState::LastAck};
  const Opening& o = r.opening;
  ReuseBlocked found{held_before(r.flow), r.old_acks, false};
  if (o.syns.empty() || (found.acks.empty() && !(o.only_syns && kHolds.has(found.state))))
    return std::nullopt;
  if (found.acks.empty()) return found;
  const RecordIndex last = found.acks.back().record;
  for (RecordIndex i = last + 1; i < r.flow.records().size(); ++i) {
    const SegmentRecord& after = record(r, i);
    const bool resets =
        after.side == r.flow.client() && means_rst(after.flags) && after.seq == record(r, last).ack;
    found.cleared = found.cleared || resets;
  }
  found.cleared = found.cleared || !o.syn_acks.empty();
  return found;
}

constexpr std::uint16_t kEcnSetup = kEce | kCwr;  // RFC 3168 6.1.1

bool carries(const SegmentRecord& syn, SynFeature feature) {
  switch (feature) {
    case SynFeature::Ecn: return syn.has(kEcnSetup);
    case SynFeature::FastOpen: return syn.fast_open;
    case SynFeature::Multipath: return syn.multipath;
    case SynFeature::Timestamps: return syn.has_timestamps;
  }
  return false;
}

// The SYNs with one feature had no answer in time, twice or more, and the first without it was answered at
// once; the resends fell otherwise into the same steps, so time does not explain it.
std::optional<SynFeatureDropped> feature_dropped(const OpeningReading& r) {
  constexpr std::size_t kOftenEnough = 2;
  const Opening& o = r.opening;
  if (o.syn_acks.empty() || o.syns.count() <= kOftenEnough || o.both) return std::nullopt;
  const SegmentRef& answer = o.syn_acks.first;
  const SegmentRef* last = nullptr;
  for (const SegmentRef& syn : o.syns.again)
    if (syn.record < answer.record) last = &syn;
  if (last == nullptr || answer.time_ns() - last->time_ns() >= kLeastTimer) return std::nullopt;
  for (const SynFeature feature :
       {SynFeature::Ecn, SynFeature::FastOpen, SynFeature::Multipath, SynFeature::Timestamps}) {
    SynFeatureDropped found{feature, {}, *last, answer};
    if (carries(record(r, last->record), feature) || !carries(record(r, o.syns.first.record), feature))
      continue;
    found.with.push_back(o.syns.first);
    for (const SegmentRef& syn : o.syns.again)
      if (syn.record < last->record) found.with.push_back(syn);
    // One without it that had no answer either speaks for loss.
    const bool all = std::all_of(found.with.begin(), found.with.end(), [&](const SegmentRef& syn) {
      return carries(record(r, syn.record), feature);
    });
    if (all && found.with.size() >= kOftenEnough) return found;
  }
  return std::nullopt;
}

// A Linux timer runs late by at most an eighth of its step (the timer wheel), measured up to 7 %.
constexpr TimeNs due(TimeNs step) { return add_sat(step, step / 16); }

// Nothing passed but SYNs, SYN-ACKs that acknowledge another number, and the RSTs that these met: the client
// is still in SYN-SENT (RFC 9293 3.10.7.3, first check).
bool only_unacceptable_syn_acks(const OpeningReading& r) {
  const StraySynAcks& strays = r.flow.odd_segments.stray_syn_acks;
  if (!strays.of_each_syn) return false;
  const auto is_stray = [&strays](const SegmentRecord& segment, RecordIndex i) {
    return std::any_of(strays.met.begin(), strays.met.end(), [&](const StraySynAcks::Met& met) {
      return means_syn_ack(segment.flags) ? met.syn_ack.record == i : met.rst.record == i;
    });
  };
  for (RecordIndex i = 0; i < r.flow.records().size(); ++i) {
    const SegmentRecord& segment = record(r, i);
    const bool syn = means_syn(segment.flags) && segment.side == r.flow.client();
    if (!segment.copy && !syn && !is_stray(segment, i)) return false;
  }
  return true;
}

// Nothing passed but SYNs and RSTs to be ignored, and the next SYN is overdue, or will not come by the
// profile. A new SYN of the same port, when the old one's was due, shows that the socket is gone.
std::optional<ConnectGivenUp> given_up(const OpeningReading& r) {
  const Opening& o = r.opening;
  if (o.syns.empty() || o.both || told_by_error(r.flow.trace)) return std::nullopt;
  if (!o.only_syns && !only_unacceptable_syn_acks(r)) return std::nullopt;
  if (r.flow.trace.answered_elsewhere()) return std::nullopt;
  const auto& next = r.flow.trace.successor;
  const auto steps = o.syns.steps();
  ConnectGivenUp found;
  found.tried_anew = next && next->sender == r.flow.client();
  const TimeNs until = found.tried_anew ? next->syn.time_ns : r.flow.watched_until_ns;
  found.silence_ns = until - o.syns.last().time_ns();
  found.next_step_ns = next_step(steps);
  found.by_profile = steps.size() >= r.flow.profile.syn_retries;
  const bool overdue = mul_sat(found.silence_ns, 2) >= mul_sat(found.next_step_ns, 3) ||
                       (found.by_profile && found.silence_ns >= due(found.next_step_ns));
  // Sooner than its next SYN was due, it was closed for another reason.
  const bool replaced = found.tried_anew && mul_sat(found.silence_ns, 8) >= mul_sat(found.next_step_ns, 7);
  return overdue || replaced ? std::optional(found) : std::nullopt;
}

}  // namespace

std::vector<RefusingError> refusing_errors(const FlowHistory& flow) {
  std::vector<RefusingError> found;
  for (const IcmpRecord& icmp : flow.trace.icmp) {
    const auto refused = refusal(icmp);
    if (refused && icmp.quoted == flow.client() && icmp.seq == 0) found.push_back(*refused);
  }
  return found;
}

std::string_view name(SynFeature feature) {
  switch (feature) {
    case SynFeature::Ecn: return "ECN setup (ECE and CWR)";
    case SynFeature::FastOpen: return "TCP Fast Open";
    case SynFeature::Multipath: return "Multipath TCP";
    case SynFeature::Timestamps: return "timestamps";
  }
  return "";
}

void judge_answers(const OpeningReading& r) {
  Opening& o = r.opening;
  if (r.flow.trace.self_connection) return;
  o.refusals = refusals(r);
  o.given_up = given_up(r);
  o.blocked = blocked(r);
  o.feature_dropped = feature_dropped(r);
  if (r.flow.trace.one_sided() || o.both) return;
  o.ignored_acks = ignored_acks(r);
  o.ignored_syn_acks = ignored_syn_acks(r);
  o.late_completion = late_completion(r);
  o.abandoned = abandoned(r);
  o.reset_on_completing = reset_on_completing(r);
  o.thrown_away = thrown_away(r);
}

}  // namespace tcpautopsy

#include "analyzer/detect/open_facts.h"

#include <algorithm>
#include <limits>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

// Least time that a timer lets pass before a SYN-ACK comes again, with room for jitter: common stacks start
// at 1 s.
constexpr TimeNs kLeastTimer = 500 * kMillisecond;
constexpr std::size_t kKeepsIgnoring = 2;
constexpr TimeNs kMeanwhile = 60 * kSecond;  // the window of accept_queue_overflow

bool acknowledges_syn(const SegmentRecord& record, StreamOffset syn_end) {
  // Less than SND.NXT is acceptable where the SYN carried data (RFC 9293 3.10.7.3, first check).
  return record.has(kAck) && record.ack >= 1 && record.ack <= syn_end;
}

void sort_in(OpenFacts& facts, const SegmentRecord& record, RecordIndex i, StreamOffset& syn_end) {
  const auto first = [i](RecordIndex& place) { place = std::min(place, i); };
  if (record.side == facts.client) {
    if (is_syn(record) && record.seq == 0) {
      facts.syns.push_back(i);
      syn_end = std::max(syn_end, record.end());
    } else if (is_rst(record)) {
      first(facts.client_rst);
    } else if (!record.has(kSyn) && record.has(kAck) && record.ack >= 1) {
      facts.completing.push_back(i);
    }
    return;
  }
  if (is_syn(record)) {
    first(facts.server_syn);
  } else if (is_syn_ack(record)) {
    if (facts.syns.empty() || acknowledges_syn(record, syn_end)) facts.syn_acks.push_back(i);
  } else if (is_rst(record)) {
    first(facts.server_rst);
  } else if (!record.has(kSyn)) {
    first(facts.server_knows);
  }
}

// The least round trip seen may be short of the usual one.
std::optional<TimeNs> with_slack(std::optional<std::int64_t> round_trip) {
  return round_trip ? std::optional<TimeNs>(*round_trip + *round_trip / 4) : std::nullopt;
}

bool between(const std::vector<RecordIndex>& records, RecordIndex after, RecordIndex before) {
  const auto next = std::upper_bound(records.begin(), records.end(), after);
  return next != records.end() && *next < before;
}

struct Unanswered {
  std::size_t segments = 0, with_data = 0;
};

// What the client sent after record `last` that completes the handshake.
Unanswered unanswered_since(const FlowHistory& flow, const OpenFacts& facts, RecordIndex last) {
  Unanswered count;
  for (const RecordIndex i : facts.completing) {
    if (i < last) continue;
    ++count.segments;
    if (flow.records()[i].payload > 0) ++count.with_data;
  }
  return count;
}

// No SYN-ACK for 1.5 times its next step; or that step is over by more than a timer's lateness (an eighth at
// most on Linux, 7 % measured) and the client has stopped to send SYNs as well.
bool repeats_stopped(const FlowHistory& flow, const OpenFacts& facts, const Abandoned& seen) {
  if (2 * seen.silence_ns >= 3 * seen.next_step_ns) return true;
  if (!facts.completing.empty() || facts.syns.empty()) return false;
  const TimeNs client_step = next_step(intervals(flow, facts.syns));
  const TimeNs client_silence = flow.capture_end_ns - time_of(flow, facts.syns.back());
  return 10 * seen.silence_ns >= 11 * seen.next_step_ns && 2 * client_silence >= 3 * client_step;
}

}  // namespace

OpenFacts open_facts(const FlowHistory& flow) {
  OpenFacts facts;
  facts.client = flow.client();
  facts.server = flow.server();
  StreamOffset syn_end = 1;
  for (RecordIndex i = 0; i < flow.records().size(); ++i)
    if (!flow.records()[i].copy) sort_in(facts, flow.records()[i], i, syn_end);
  return facts;
}

bool opened_plainly(const FlowHistory& flow) {
  const auto& records = flow.records();
  if (records.size() < 3) return false;
  const SegmentRecord &syn = records[0], &syn_ack = records[1], &ack = records[2];
  return is_syn(syn) && syn.side == flow.client() && syn.payload == 0 && is_syn_ack(syn_ack) &&
         syn_ack.side == flow.server() && syn_ack.ack == syn.end() && ack.side == flow.client() &&
         ack.has(kAck) && ack.ack >= 1 &&
         std::none_of(records.begin() + 2, records.end(),
                      [](const SegmentRecord& r) { return (r.flags & (kSyn | kRst)) != 0; });
}

std::size_t sent_before_answer(const FlowHistory& flow, const OpenFacts& facts) {
  RecordIndex answer = flow.records().size();
  for (RecordIndex i = 0; i < flow.records().size() && answer == flow.records().size(); ++i)
    if (flow.records()[i].side == facts.server) answer = i;
  TimeNs error = std::numeric_limits<TimeNs>::max();
  for (const IcmpRecord& icmp : flow.trace.icmp)
    if (icmp.quoted == facts.client) error = std::min(error, icmp.frame.time_ns);
  const auto before = [&](RecordIndex syn) { return syn < answer && time_of(flow, syn) <= error; };
  return static_cast<std::size_t>(std::count_if(facts.syns.begin(), facts.syns.end(), before));
}

IgnoredAcks ignored_acks(const FlowHistory& flow, const OpenFacts& facts) {
  IgnoredAcks found;
  if (facts.completing.empty()) return found;
  const TimeNs on_its_way = with_slack(flow.rtt(facts.server)).value_or(kLeastTimer);
  const RecordIndex first = facts.completing.front();
  for (std::size_t k = 1; k < facts.syn_acks.size(); ++k) {
    const RecordIndex previous = facts.syn_acks[k - 1], i = facts.syn_acks[k];
    const bool by_timer =
        !between(facts.syns, previous, i) && time_of(flow, i) - time_of(flow, previous) >= kLeastTimer;
    if (by_timer && i > first && i < facts.server_knows &&
        time_of(flow, i) - time_of(flow, first) >= on_its_way)
      found.repeats.push_back(i);
  }
  if (found.repeats.empty()) return found;
  const TimeNs last = time_of(flow, found.repeats.back());
  for (const RecordIndex i : facts.completing) {
    if (last - time_of(flow, i) < on_its_way) break;
    found.ignored.push_back(i);
    if (flow.records()[i].payload > 0) ++found.with_data;
  }
  return found;
}

IgnoredSynAcks ignored_syn_acks(const FlowHistory& flow, const OpenFacts& facts) {
  IgnoredSynAcks found;
  if (facts.syn_acks.empty()) return found;
  const auto round_trip = with_slack(flow.rtt(facts.client));
  const RecordIndex first = facts.syn_acks.front();
  const RecordIndex completed = facts.completing.empty() ? flow.records().size() : facts.completing.front();
  for (const RecordIndex syn : facts.syns)
    if (syn > first && between(facts.syn_acks, syn, completed) &&
        time_of(flow, syn) - time_of(flow, first) >= round_trip.value_or(0))
      found.syns.push_back(syn);
  if (found.syns.empty()) return found;
  found.timed = round_trip.has_value();
  for (const RecordIndex i : facts.syn_acks)
    if (i < found.syns.back()) found.syn_acks.push_back(i);
  return found;
}

std::uint64_t served_meanwhile(const DetectContext& context, const OpenFacts& facts) {
  if (facts.completing.empty()) return 0;
  const auto& flow = context.history;
  return context.services.completed_near(flow.trace.facts(facts.server).address, flow.trace.number,
                                         time_of(flow, facts.completing.front()), kMeanwhile);
}

bool queue_dropped(const DetectContext& context, const OpenFacts& facts, const IgnoredAcks& ignored) {
  return ignored.ignored.size() >= kKeepsIgnoring && ignored.repeats.size() >= kKeepsIgnoring &&
         served_meanwhile(context, facts) > 0;
}

std::optional<Abandoned> abandoned(const FlowHistory& flow, const OpenFacts& facts) {
  if (flow.trace.one_sided() || facts.opened_by_both() || facts.syn_acks.size() < 2 ||
      facts.server_knows != kNoRecord || facts.client_rst != kNoRecord)
    return std::nullopt;
  const RecordIndex last = facts.syn_acks.back();
  const auto steps = intervals(flow, facts.syn_acks);
  Abandoned found;
  // An answer to a repeated SYN comes between the server's own repeats: the longest step is its timer's.
  found.next_step_ns = 2 * *std::max_element(steps.begin(), steps.end());
  if (facts.server_rst != kNoRecord) {
    const SegmentRecord& reset = flow.records()[facts.server_rst];
    if (facts.server_rst < last || reset.has(kAck) || facts.completing.empty()) return std::nullopt;
    found.by_reset = found.certain = true;
    found.reset = facts.server_rst;
    found.silence_ns = reset.frame.time_ns - time_of(flow, last);
    return found;
  }
  found.silence_ns = flow.capture_end_ns - time_of(flow, last);
  const auto unanswered = unanswered_since(flow, facts, last);
  found.certain = unanswered.segments == 0;
  if (!repeats_stopped(flow, facts, found)) return std::nullopt;
  // Its last answer to a SYN-ACK may have completed the handshake, unless data that came after was ignored
  // too.
  const bool out_of_tries = steps.size() >= flow.profile.syn_ack_retries && facts.completing.size() > 1;
  if (unanswered.segments > 0 && unanswered.with_data < 2 && !out_of_tries) return std::nullopt;
  return found;
}

}  // namespace tcpautopsy

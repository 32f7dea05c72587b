#include "analyzer/infer/historian.h"

#include <algorithm>
#include <utility>

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/outcome.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/infer/reset_causes.h"
#include "analyzer/infer/traceback.h"
#include "analyzer/seq/frame_order.h"

namespace tcpautopsy {
namespace {

// What was sent before a SYN may pass after it for so long.
constexpr TimeNs kLate = 50 * kMillisecond;

// The end in whose name the next incarnation's SYN came goes on with this connection, and no SYN-ACK
// answered: an old SYN or a forged one, which changes nothing for it (RFC 5961 4).
bool outlives_syn(const FlowTrace& trace) {
  const Successor& next = *trace.successor;
  if (next.answered) return false;
  const TimeNs late = next.syn.time_ns + std::max<TimeNs>(trace.round_trip().value_or(0), kLate);
  return std::any_of(trace.records.begin(), trace.records.end(), [&](const SegmentRecord& r) {
    return r.side == next.sender && !r.copy && !r.has(kRst) && !r.has(kSyn) && r.frame.time_ns > late;
  });
}

// A new incarnation's SYN: its sender has no socket of the old one left. Its receiver neither, once it
// answers SYN-ACK (RFC 9293 3.10.7.4, TIME-WAIT; RFC 6191), or once the sender, challenged, resets what it
// still holds (RFC 9293 3.5.1).
std::optional<Succession> succession(const FlowTrace& trace, Side side) {
  if (!trace.successor) return std::nullopt;
  const Successor& next = *trace.successor;
  if (next.sender == side && !outlives_syn(trace)) return Succession::SentNewSyn;
  if (next.sender != side && next.reset) return Succession::ResetOld;
  if (next.sender != side && next.answered) return Succession::AnsweredNewSyn;
  return std::nullopt;
}

Transition ending_of_successor(const Successor& next, Side side, TcpState from, const SuccessorRow& row) {
  Transition t;
  t.side = side;
  t.from = from;
  t.to = row.to;
  t.frame = row.seen == Succession::ResetOld ? next.reset : next.syn;
  t.possible = {row.to};
  t.cause = row.cause;
  t.rfc = row.rfc;
  if (row.seen == Succession::SentNewSyn) {
    t.basis = Basis::Observed;
  } else {
    t.basis = next.answered ? Basis::Confirmed : Basis::Inferred;
    t.proof = next.answered;
  }
  return t;
}

// What a segment of this connection changed after the SYN had passed is not told before it.
void keep_order(const FlowHistory& h, Transition& t) {
  const auto& answered = h.trace.successor->answered;
  for (const Transition& earlier : h.transitions)
    if (earlier.side == t.side && answered && earlier.time_ns > t.frame->time_ns) t.frame = answered;
  for (const Transition& earlier : h.transitions)
    if (earlier.side == t.side && earlier.frame && comes_before(*t.frame, *earlier.frame))
      t.frame = earlier.frame;
  t.time_ns = t.frame->time_ns;
}

void end_by_successor(FlowHistory& h, Side side) {
  EndpointOutcome& outcome = h.outcomes[index(side)];
  const std::optional<Succession> seen = succession(h.trace, side);
  const SuccessorRow* row = seen ? successor_row(*seen) : nullptr;
  if (row == nullptr || (outcome.final != TcpState::Unknown && !row->from.has(outcome.final))) return;
  Transition t = ending_of_successor(*h.trace.successor, side, outcome.final, *row);
  keep_order(h, t);
  // Whatever it was in before the capture told its state.
  if (t.from == TcpState::Unknown) {
    t.cause = told_rows().front().cause;
    t.rfc = told_rows().front().rfc;
  }
  const std::int64_t half = h.rtt(side).value_or(0) / 2;
  t.at_ns = t.time_ns + (h.trace.successor->sender == side ? -half : half);
  for (const Transition& earlier : h.transitions)
    if (earlier.side == side) t.at_ns = std::max(t.at_ns, earlier.at_ns);
  h.transitions.push_back(t);
  outcome.final = t.to;
  outcome.final_possible = {t.to};
  outcome.final_not_ruled_out = {t.to};
}

// The first segment that the trellis had to jump to.
std::optional<Contradiction> contradiction_of(const Trellis& trellis, const FlowTrace& trace, Side side) {
  for (const Step& step : trellis.steps)
    if (step.event.kind == EventKind::Jump) return Contradiction{ref(trace, step.event.record), side};
  return std::nullopt;
}

void end_watch(FlowHistory& h, TimeNs over_ns) {
  const TimeNs paused_ns = h.trace.paused_ns.value_or(h.capture_end_ns);
  const TimeNs end_ns = std::clamp(std::min(paused_ns, over_ns), h.trace.last.time_ns, h.capture_end_ns);
  h.watched_until_ns = end_ns;
  h.watch_end = end_ns == h.capture_end_ns ? WatchEnd::CaptureEnd
                : over_ns <= paused_ns     ? WatchEnd::NextConnection
                                           : WatchEnd::CapturePause;
}

void note_losses(FlowHistory& h) {
  for (RecordIndex i = 0; i < h.deliveries.size(); ++i)
    if (h.deliveries[i].fate == Fate::LostAfterTap)
      h.lost_after_tap[index(h.records()[i].side)].push_back(ref(h.trace, i));
  for (const SegmentRecord& r : h.records())
    if (r.copy) h.copies[index(r.side)].push_back(r.frame);
}

void note_stamps(FlowHistory& h) {
  for (const SegmentRecord& r : h.records()) {
    if (r.copy || !r.has_timestamps || r.has(kRst)) continue;
    auto& first = h.first_stamp[index(r.side)];
    if (!first) first = Stamp{r.frame.time_ns, r.ts_val};
    h.last_stamp[index(r.side)] = Stamp{r.frame.time_ns, r.ts_val};
  }
}

}  // namespace

void Historian::follow(FlowHistory& h, Side side, bool may_miss, TimeNs until_ns) {
  const bool plain = !may_miss && courses_.read(h.trace, observations_, side);
  if (plain && courses_.tell(observations_, until_ns, h)) return end_by_successor(h, side);
  const std::size_t first = h.transitions.size();
  const Trellis* trellis = &trellises_.run(h.trace, observations_, h.profile, side, until_ns, may_miss);
  const bool explained = !trellis->contradiction;
  if (!explained && !may_miss)
    trellis = &trellises_.run(h.trace, observations_, h.profile, side, until_ns, true);
  if (trellis->contradiction && !h.contradiction) h.contradiction = contradiction_of(*trellis, h.trace, side);
  const auto before_end = trace_back(*trellis, observations_, side, h);
  if (plain && explained) courses_.keep(*trellis, h, first, before_end);
  end_by_successor(h, side);
}

FlowHistory Historian::conclude(EndedFlow&& flow, std::shared_ptr<const PreviousIncarnation> previous,
                                const Profile& profile, TimeNs capture_end_ns, CaptureLoss loss) {
  FlowHistory h;
  h.trace = std::move(flow.trace);
  h.transfer = std::move(flow.transfer);
  h.words = std::move(flow.words);
  h.previous = std::move(previous);
  h.profile = profile;
  h.capture_end_ns = std::max(capture_end_ns, h.trace.last.time_ns);
  const bool over = h.trace.successor && !outlives_syn(h.trace);
  const TimeNs until_ns =
      over ? std::min(h.capture_end_ns, h.trace.successor->syn.time_ns) : h.capture_end_ns;
  end_watch(h, until_ns);
  h.beliefs = std::move(beliefs_);
  h.deliveries = std::move(deliveries_);
  h.transitions = std::move(transitions_);
  h.beliefs.assign(h.trace.records.size(), {});
  h.deliveries.assign(h.trace.records.size(), {});
  h.transitions.clear();
  for (const Side side : {Side::A, Side::B}) {
    auto& possible = h.outcomes[index(side)].final_possible = std::move(final_possible_[index(side)]);
    possible.clear();
  }
  observe(h.trace, std::min(until_ns, h.watched_until_ns), loss == CaptureLoss::Granted, observations_);
  const bool may_miss = loss == CaptureLoss::Granted || observations_.capture_missed;
  follow(h, Side::A, may_miss, until_ns);
  const auto of_a = static_cast<std::ptrdiff_t>(h.transitions.size());
  if (!h.trace.self_connection) follow(h, Side::B, may_miss, until_ns);
  // Those of one side are in order.
  std::inplace_merge(h.transitions.begin(), h.transitions.begin() + of_a, h.transitions.end(),
                     [](const Transition& a, const Transition& b) { return a.at_ns < b.at_ns; });
  conclude_opening(observations_, h);
  trace_deliveries(observations_, h);
  conclude_closing(observations_, h);
  note_losses(h);
  note_stamps(h);
  classify(h);
  h.too_big = packets_too_big(h.trace);
  find_silences(h);
  conclude_answers(h);
  conclude_reset_causes(h);
  return h;
}

void Historian::reuse(FlowHistory&& history) {
  beliefs_ = std::move(history.beliefs);
  deliveries_ = std::move(history.deliveries);
  transitions_ = std::move(history.transitions);
  for (const Side side : {Side::A, Side::B})
    final_possible_[index(side)] = std::move(history.outcomes[index(side)].final_possible);
}

FlowHistory infer_history(EndedFlow flow, const Profile& profile, TimeNs capture_end_ns, CaptureLoss loss,
                          std::shared_ptr<const PreviousIncarnation> previous) {
  return Historian().conclude(std::move(flow), std::move(previous), profile, capture_end_ns, loss);
}

}  // namespace tcpautopsy

#include "analyzer/infer/historian.h"

#include <algorithm>
#include <utility>

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/outcome.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/infer/traceback.h"

namespace tcpautopsy {
namespace {

// A new incarnation's SYN: its sender has no socket of the old one left. Its receiver neither, once it
// answers SYN-ACK (RFC 9293 3.10.7.4, TIME-WAIT; RFC 6191), or once the sender, challenged, resets what it
// still holds (RFC 9293 3.5.1).
std::optional<Transition> ending_of_successor(const Successor& next, Side side) {
  Transition t;
  t.side = side;
  t.to = TcpState::Closed;
  t.frame = next.syn;
  t.possible = {TcpState::Closed};
  if (next.sender == side) {
    t.basis = Basis::Observed;
    t.cause = "sent a new SYN from the same port";
    t.rfc = "9293 3.10.1";
  } else if (next.reset) {
    t.frame = next.reset;
    t.basis = next.answered ? Basis::Confirmed : Basis::Inferred;
    t.proof = next.answered;
    t.cause = "received RST";
    t.rfc = "9293 3.5.1";
  } else if (next.answered) {
    t.basis = Basis::Confirmed;
    t.proof = next.answered;
    t.cause = "received a new SYN";
    t.rfc = "6191 2";
  } else {
    return std::nullopt;
  }
  return t;
}

void end_by_successor(FlowHistory& h, Side side) {
  EndpointOutcome& outcome = h.outcomes[index(side)];
  if (outcome.final == TcpState::Closed || outcome.final == TcpState::Listen ||
      outcome.final == TcpState::Unknown)
    return;
  std::optional<Transition> t = ending_of_successor(*h.trace.successor, side);
  if (!t) return;
  t->from = outcome.final;
  t->time_ns = t->frame->time_ns;
  const std::int64_t half = h.rtt(side).value_or(0) / 2;
  t->at_ns = t->time_ns + (h.trace.successor->sender == side ? -half : half);
  for (const Transition& earlier : h.transitions)
    if (earlier.side == side) t->at_ns = std::max(t->at_ns, earlier.at_ns);
  h.transitions.push_back(*t);
  outcome.final = TcpState::Closed;
  outcome.final_possible = {TcpState::Closed};
  outcome.final_not_ruled_out = {TcpState::Closed};
}

// The first segment that the trellis had to jump to.
std::optional<Contradiction> contradiction_of(const Trellis& trellis, const FlowTrace& trace, Side side) {
  for (const Step& step : trellis.steps)
    if (step.event.kind == EventKind::Jump) return Contradiction{ref(trace, step.event.record), side};
  return std::nullopt;
}

void note_losses(FlowHistory& h) {
  for (RecordIndex i = 0; i < h.deliveries.size(); ++i)
    if (h.deliveries[i].fate == Fate::LostAfterTap)
      h.lost_after_tap[index(h.records()[i].side)].push_back(ref(h.trace, i));
  for (const SegmentRecord& r : h.records())
    if (r.copy) h.copies[index(r.side)].push_back(r.frame);
}

}  // namespace

void Historian::follow(FlowHistory& h, Side side, bool may_miss, TimeNs until_ns) {
  const Trellis* trellis = &trellises_.run(h.trace, observations_, h.profile, side, until_ns, may_miss);
  if (trellis->contradiction && !may_miss)
    trellis = &trellises_.run(h.trace, observations_, h.profile, side, until_ns, true);
  if (trellis->contradiction && !h.contradiction) h.contradiction = contradiction_of(*trellis, h.trace, side);
  trace_back(*trellis, observations_, side, h);
  if (h.trace.successor) end_by_successor(h, side);
}

FlowHistory Historian::conclude(EndedFlow flow, std::shared_ptr<const PreviousIncarnation> previous,
                                const Profile& profile, TimeNs capture_end_ns, CaptureLoss loss) {
  FlowHistory h;
  h.trace = std::move(flow.trace);
  h.transfer = std::move(flow.transfer);
  h.words = std::move(flow.words);
  h.previous = std::move(previous);
  h.profile = profile;
  h.capture_end_ns = std::max(capture_end_ns, h.trace.last.time_ns);
  h.beliefs = std::move(beliefs_);
  h.deliveries = std::move(deliveries_);
  h.transitions = std::move(transitions_);
  h.beliefs.assign(h.trace.records.size(), {});
  h.deliveries.assign(h.trace.records.size(), {});
  h.transitions.clear();
  const TimeNs until_ns =
      h.trace.successor ? std::min(h.capture_end_ns, h.trace.successor->syn.time_ns) : h.capture_end_ns;
  observe(h.trace, until_ns, loss == CaptureLoss::Granted, observations_);
  const bool may_miss = loss == CaptureLoss::Granted || observations_.capture_missed;
  follow(h, Side::A, may_miss, until_ns);
  const auto of_a = static_cast<std::ptrdiff_t>(h.transitions.size());
  if (!h.trace.self_connection) follow(h, Side::B, may_miss, until_ns);
  // Those of one side are in order.
  std::inplace_merge(h.transitions.begin(), h.transitions.begin() + of_a, h.transitions.end(),
                     [](const Transition& a, const Transition& b) { return a.at_ns < b.at_ns; });
  trace_deliveries(observations_, h);
  conclude_closing(observations_, h);
  note_losses(h);
  classify(observations_, h);
  h.too_big = packets_too_big(h.trace);
  find_silences(h);
  return h;
}

void Historian::take_back(FlowHistory&& history) {
  beliefs_ = std::move(history.beliefs);
  deliveries_ = std::move(history.deliveries);
  transitions_ = std::move(history.transitions);
}

FlowHistory infer_history(EndedFlow flow, const Profile& profile, TimeNs capture_end_ns, CaptureLoss loss,
                          std::shared_ptr<const PreviousIncarnation> previous) {
  return Historian().conclude(std::move(flow), std::move(previous), profile, capture_end_ns, loss);
}

}  // namespace tcpautopsy

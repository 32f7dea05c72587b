#include "analyzer/infer/retrospect.h"

#include <algorithm>
#include <utility>

#include "analyzer/infer/course.h"
#include "analyzer/infer/outcome.h"
#include "analyzer/infer/read_off.h"

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

void follow_side(FlowHistory& h, const TraceMeaning& meaning, Side side, bool may_miss, TimeNs until_ns) {
  Course course = run_course(h.trace, meaning, h.profile, side, until_ns, may_miss);
  if (course.contradiction && !may_miss)
    course = run_course(h.trace, meaning, h.profile, side, until_ns, true);
  h.contradiction = h.contradiction || course.contradiction;
  read_off(course, meaning, side, until_ns, h);
  if (h.trace.successor) end_by_successor(h, side);
}

}  // namespace

FlowHistory retrospect(FlowTrace trace, const Profile& profile, TimeNs capture_end_ns, CaptureLoss loss) {
  FlowHistory h;
  h.trace = std::move(trace);
  h.profile = profile;
  h.capture_end_ns = std::max(capture_end_ns, h.trace.last.time_ns);
  h.beliefs.resize(h.trace.records.size());
  h.deliveries.resize(h.trace.records.size());
  const TimeNs until_ns =
      h.trace.successor ? std::min(h.capture_end_ns, h.trace.successor->syn.time_ns) : h.capture_end_ns;
  const TraceMeaning meaning = read_meaning(h.trace, until_ns, loss == CaptureLoss::Granted);
  const bool may_miss = loss == CaptureLoss::Granted || meaning.capture_missed;
  follow_side(h, meaning, Side::A, may_miss, until_ns);
  if (!h.trace.self_connection) follow_side(h, meaning, Side::B, may_miss, until_ns);
  std::stable_sort(h.transitions.begin(), h.transitions.end(),
                   [](const Transition& a, const Transition& b) { return a.at_ns < b.at_ns; });
  classify(meaning, h);
  trace_deliveries(meaning, h);
  return h;
}

}  // namespace tcpautopsy

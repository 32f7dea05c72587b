#include "analyzer/infer/retrospect.h"

#include <algorithm>
#include <utility>

#include "analyzer/infer/course.h"
#include "analyzer/infer/outcome.h"
#include "analyzer/infer/read_off.h"

namespace tcpautopsy {
namespace {

// A new incarnation's SYN: its sender has no socket of the old one left; its receiver neither, once it
// answers SYN-ACK (RFC 9293 3.10.7.4, TIME-WAIT; RFC 6191).
void end_by_successor(FlowHistory& h, Side side) {
  const Successor& next = *h.trace.successor;
  const bool own = next.sender == side;
  EndpointOutcome& outcome = h.outcomes[index(side)];
  if ((!own && !next.answered) || outcome.final == TcpState::Closed || outcome.final == TcpState::Listen ||
      outcome.final == TcpState::Unknown)
    return;
  Transition t;
  t.side = side;
  t.from = outcome.final;
  t.to = TcpState::Closed;
  t.basis = own ? Basis::Observed : Basis::Confirmed;
  t.frame = next.syn;
  if (!own) t.proof = next.answered;
  t.time_ns = next.syn.time_ns;
  const std::int64_t half = h.rtt(side).value_or(0) / 2;
  t.at_ns = t.time_ns + (own ? -half : half);
  for (const Transition& earlier : h.transitions)
    if (earlier.side == side) t.at_ns = std::max(t.at_ns, earlier.at_ns);
  t.cause = own ? "sent a new SYN from the same port" : "received a new SYN in TIME-WAIT";
  t.rfc = own ? "9293 3.10.1" : "6191 2";
  t.possible = {TcpState::Closed};
  h.transitions.push_back(t);
  outcome.final = TcpState::Closed;
  outcome.final_possible = {TcpState::Closed};
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

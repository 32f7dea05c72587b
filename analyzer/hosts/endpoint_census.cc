#include "analyzer/hosts/endpoint_census.h"

#include <algorithm>

namespace tcpautopsy {

void EndpointCensus::note_states(const FlowHistory& flow, Side side) {
  const Transition* entered = nullptr;
  const auto left = [&](TimeNs at_ns) {
    if (entered == nullptr) return;
    states.leave(entered->to, at_ns);
    if (entered->to == TcpState::CloseWait && at_ns - entered->at_ns > kCloseWaitLingers) {
      lingering.enter(TcpState::CloseWait, entered->at_ns + kCloseWaitLingers);
      lingering.leave(TcpState::CloseWait, at_ns);
    }
  };
  for (const Transition& change : flow.transitions) {
    if (change.side != side) continue;
    left(change.at_ns);
    const bool counts = change.to != TcpState::Listen && change.to != TcpState::Closed;
    entered = counts ? &change : nullptr;
    if (!counts) continue;
    states.enter(change.to, change.at_ns);
    time_waits += change.to == TcpState::TimeWait;
  }
  if (entered != nullptr && entered->to == TcpState::CloseWait &&
      flow.capture_end_ns - entered->at_ns >= kCloseWaitLingers)
    lingering.enter(TcpState::CloseWait, entered->at_ns + kCloseWaitLingers);
}

void EndpointCensus::note(const FlowHistory& flow, Side side) {
  note_states(flow, side);
  ++connections;
  if (never_opens(flow.handshake)) {
    ++not_opened;
  } else if (flow.handshake != Handshake::None) {
    ++opened;
  }
  const ClosedFirst own = side == Side::A ? ClosedFirst::A : ClosedFirst::B;
  if (flow.closed_first == ClosedFirst::Both) {
    ++closed_both;
  } else if (flow.closed_first != ClosedFirst::None) {
    ++(flow.closed_first == own ? closed_here : closed_there);
  }
  first_ns = std::min(first_ns, flow.trace.first.time_ns);
  last_ns = std::max(last_ns, flow.trace.last.time_ns);
}

void EndpointCensus::merge(const EndpointCensus& part) {
  states.merge(part.states);
  lingering.merge(part.lingering);
  connections += part.connections;
  opened += part.opened;
  not_opened += part.not_opened;
  closed_here += part.closed_here;
  closed_there += part.closed_there;
  closed_both += part.closed_both;
  time_waits += part.time_waits;
  first_ns = std::min(first_ns, part.first_ns);
  last_ns = std::max(last_ns, part.last_ns);
}

void Visits::merge(const Visits& part) {
  client.merge(part.client);
  ports.merge(part.ports);
  reused += part.reused;
  first_reuse_ns = std::min(first_reuse_ns, part.first_reuse_ns);
}

}  // namespace tcpautopsy

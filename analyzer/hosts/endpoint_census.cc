#include "analyzer/hosts/endpoint_census.h"

#include <algorithm>

namespace tcpautopsy {

void EndpointCensus::note_states(const Verdicts& verdicts, Side side) {
  const Transition* entered = nullptr;
  const auto left = [&](TimeNs at_ns) {
    if (entered == nullptr) return;
    states.leave(entered->to, at_ns);
    if (entered->to == TcpState::CloseWait && at_ns - entered->at_ns > kCloseWaitLingers) {
      lingering.enter(TcpState::CloseWait, entered->at_ns + kCloseWaitLingers);
      lingering.leave(TcpState::CloseWait, at_ns);
    }
  };
  for (const Transition& change : verdicts.transitions) {
    if (change.side != side) continue;
    left(change.at_ns);
    const bool counts = change.to != TcpState::Listen && change.to != TcpState::Closed;
    entered = counts ? &change : nullptr;
    if (!counts) continue;
    states.enter(change.to, change.at_ns);
    time_waits += change.to == TcpState::TimeWait;
  }
  if (entered != nullptr && entered->to == TcpState::CloseWait &&
      verdicts.capture_end_ns - entered->at_ns >= kCloseWaitLingers)
    lingering.enter(TcpState::CloseWait, entered->at_ns + kCloseWaitLingers);
}

void EndpointCensus::note(const EndedConnection& ended, Side side) {
  const Verdicts& verdicts = ended.verdicts;
  note_states(verdicts, side);
  ++connections;
  if (never_opens(verdicts.handshake)) {
    ++not_opened;
  } else if (verdicts.handshake != Handshake::None) {
    ++opened;
  }
  const ClosedFirst own = side == Side::A ? ClosedFirst::A : ClosedFirst::B;
  if (verdicts.closed_first == ClosedFirst::Both) {
    ++closed_both;
  } else if (verdicts.closed_first != ClosedFirst::None) {
    ++(verdicts.closed_first == own ? closed_here : closed_there);
  }
  first_ns = std::min(first_ns, ended.flow.first.time_ns);
  last_ns = std::max(last_ns, ended.flow.last.time_ns);
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

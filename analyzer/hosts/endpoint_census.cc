#include "analyzer/hosts/endpoint_census.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

// And in no other state: where its own FIN may lie before the capture, it may have closed long ago.
bool in_close_wait(const Transition& entered) {
  return entered.to == TcpState::CloseWait && (entered.possible.empty() || entered.possible.single());
}

}  // namespace

void EndShare::take(const Verdicts& verdicts, Side side) {
  states.clear();
  lingering.clear();
  time_waits = 0;
  answered = false;
  const Transition* entered = nullptr;
  for (const Transition& change : verdicts.transitions) {
    if (change.side != side) continue;
    if (entered != nullptr) left(*entered, change.at_ns);
    const bool counts = change.to != TcpState::Listen && change.to != TcpState::Closed;
    entered = counts ? &change : nullptr;
    answered = answered || (change.to != TcpState::SynSent && change.to != TcpState::Closed);
    if (!counts) continue;
    states.push_back({change.at_ns, change.to, 1});
    time_waits += change.to == TcpState::TimeWait;
  }
  // Where its own data hold the FIN back, the application may have closed.
  const auto& open = verdicts.closing.of(side).left_open;
  if (entered == nullptr || !open || !in_close_wait(*entered)) return;
  const TimeNs since = std::max(entered->at_ns, open->since_ns);
  if (verdicts.watched_until_ns - since >= kCloseWaitLingers)
    lingering.push_back({since + kCloseWaitLingers, TcpState::CloseWait, 1});
}

void EndShare::left(const Transition& entered, TimeNs at_ns) {
  states.push_back({at_ns, entered.to, -1});
  if (!in_close_wait(entered) || at_ns - entered.at_ns <= kCloseWaitLingers) return;
  lingering.push_back({entered.at_ns + kCloseWaitLingers, TcpState::CloseWait, 1});
  lingering.push_back({at_ns, TcpState::CloseWait, -1});
}

void EndpointCensus::note_states(const EndShare& share) {
  for (const StateChange& change : share.states) states.add(change);
  for (const StateChange& change : share.lingering) lingering.add(change);
  time_waits += share.time_waits;
}

void EndpointCensus::note(const EndedConnection& ended, Side side, const EndShare& share) {
  const Verdicts& verdicts = ended.verdicts;
  note_states(share);
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

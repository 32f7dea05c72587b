#include "analyzer/analysis/service_book.h"

#include <algorithm>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {

void ServiceBook::note(const FlowFacts& flow, const Verdicts& verdicts, const TransferResults* transfer) {
  note_directions(flow);
  note_timestamp(flow, verdicts);
  note_completion(flow, verdicts);
  if (transfer == nullptr) return;
  const EndpointAddress& server = flow.facts(flow.server()).address;
  if (answered_.size() < kMostServices || answered_.contains(server))
    answered_[server] += transfer->turns.turns[index(flow.server())];
}

std::uint64_t ServiceBook::answered(const EndpointAddress& server) const {
  const auto found = answered_.find(server);
  return found == answered_.end() ? 0 : found->second;
}

void ServiceBook::note_directions(const FlowFacts& flow) {
  if (flow.self_connection) return;
  for (const Side side : {Side::A, Side::B}) {
    const SideFacts &own = flow.facts(side), &peer = flow.facts(other(side));
    const bool proved = own.packets == 0 && peer.syn_seen && peer.acked_max > 0;
    if (own.packets == 0 && !proved) continue;
    const std::pair pair{own.address.ip, peer.address.ip};
    if (directions_.size() >= kMostPairs && !directions_.contains(pair)) continue;
    Direction& direction = directions_[pair];
    direction.captured = direction.captured || own.packets > 0;
    direction.proved = direction.proved || proved;
  }
}

bool ServiceBook::not_captured(const IpAddress& from, const IpAddress& to) const {
  const auto found = directions_.find({from, to});
  return found != directions_.end() && found->second.proved && !found->second.captured;
}

void ServiceBook::note_completion(const FlowFacts& flow, const Verdicts& verdicts) {
  for (const Transition& t : verdicts.transitions) {
    if (t.side != flow.server() || t.from != TcpState::SynReceived || t.to != TcpState::Established ||
        t.basis != Basis::Confirmed)
      continue;
    const EndpointAddress& server = flow.facts(flow.server()).address;
    const auto found = completions_.find(server);
    if (found == completions_.end() && completions_.size() >= kMostServices) return;
    auto& kept = found == completions_.end() ? completions_[server] : found->second;
    kept.emplace_back(t.time_ns, flow.number);
    if (kept.size() > kKeptPerService) kept.pop_front();
    return;
  }
}

void ServiceBook::note_timestamp(const FlowFacts& flow, const Verdicts& verdicts) {
  const auto &first = verdicts.first_stamp[index(flow.client)],
             &last = verdicts.last_stamp[index(flow.client)];
  if (!first || !last || flow.facts(flow.server()).packets == 0 || never_opens(verdicts.handshake)) return;
  const bool held =
      std::any_of(verdicts.transitions.begin(), verdicts.transitions.end(),
                  [&](const Transition& t) { return t.side == flow.server() && t.to == TcpState::TimeWait; });
  const std::pair pair{flow.facts(flow.client).address.ip, flow.facts(flow.server()).address.ip};
  const auto found = stamps_.find(pair);
  if (found == stamps_.end() && stamps_.size() >= kMostPairs) return;
  auto& kept = found == stamps_.end() ? stamps_[pair] : found->second;
  kept.push_back({flow.number, *first, *last, held});
  if (kept.size() > kKeptPerPair) kept.pop_front();
}

// Only where the timestamps of all that it answered go on from one to the next: those that begin anew with
// each connection (RFC 7323 5.4) tell nothing, and a server that answers one from behind does not compare.
std::optional<ServiceView::KeptTimestamp> ServiceBook::kept_timestamp(const IpAddress& client,
                                                                      const IpAddress& server,
                                                                      TimeNs time_ns) const {
  constexpr TimeNs kKept = 60 * kSecond;  // TCP_PAWS_MSL of Linux, and its TIME-WAIT
  constexpr std::size_t kFewest = 2;
  constexpr TimeNs kFastestTick = kMillisecond;  // RFC 7323 5.4
  constexpr std::int64_t kSlack = 1000;
  const auto ahead = [](const Stamp& a, const Stamp& b) {
    return static_cast<std::int32_t>(a.value - b.value);
  };
  const auto found = stamps_.find({client, server});
  if (found == stamps_.end()) return std::nullopt;
  std::optional<KeptTimestamp> latest;
  std::size_t seen = 0;
  for (const Stamped& one : found->second) {
    if (one.last.time_ns > time_ns || one.last.time_ns < time_ns - kKept) continue;
    ++seen;
    for (const Stamped& other : found->second) {
      const TimeNs after = one.first.time_ns - other.last.time_ns;
      if (after <= 0 || after >= kKept) continue;
      const std::int64_t ticks = ahead(one.first, other.last);
      if (ticks < 0 || ticks > after / kFastestTick + kSlack) return std::nullopt;
    }
    if (one.held && (!latest || ahead(one.last, latest->stamp) > 0)) latest = {one.flow, one.last};
  }
  return seen >= kFewest ? latest : std::nullopt;
}

std::uint64_t ServiceBook::completed_near(const EndpointAddress& server, std::uint64_t except,
                                          TimeNs around_ns, TimeNs window) const {
  const auto found = completions_.find(server);
  if (found == completions_.end()) return 0;
  std::uint64_t count = 0;
  for (const auto& [time_ns, flow] : found->second)
    count += flow != except && time_ns >= around_ns - window && time_ns <= around_ns + window;
  return count;
}

}  // namespace tcpautopsy

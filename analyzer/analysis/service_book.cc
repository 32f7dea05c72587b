#include "analyzer/analysis/service_book.h"

#include <algorithm>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// The first kMost keys have values; nullptr for others.
template <class Key, class Value>
Value* find_or_add(KeyTable<Key, Value>& table, const Key& key, std::uint64_t hash, std::size_t most) {
  return table.size() < most ? &table.find_or_add(key, hash) : table.find(key, hash);
}

// The other end has sent data and then probes, which it does when all is acknowledged (RFC 9293 3.8.4).
bool was_heard(const EndedConnection& ended, Side side) {
  const Side prober = other(side);
  return ended.transfer != nullptr && ended.flow.facts(prober).payload_bytes > 0 &&
         ended.transfer->probes[index(prober)].keepalives;
}

}  // namespace

void ServiceBook::note(const EndedConnection& ended) {
  note_directions(ended);
  note_timestamp(ended);
  note_completion(ended);
  if (ended.transfer == nullptr) return;
  if (auto* turns = find_or_add(answered_, ended.service.key, ended.service.hash, kMostServices))
    *turns += ended.transfer->turns.turns[index(ended.server)];
}

std::uint64_t ServiceBook::answered(const EndpointAddress& server) const {
  const auto* found = answered_.find(server, key_hash(server));
  return found == nullptr ? 0 : *found;
}

void ServiceBook::note_directions(const EndedConnection& ended) {
  if (ended.flow.self_connection) return;
  for (const Side side : {Side::A, Side::B}) {
    const SideFacts &own = ended.flow.facts(side), &peer = ended.flow.facts(other(side));
    const bool proved = own.packets == 0 && ((peer.syn_seen && peer.acked_max > 0) || was_heard(ended, side));
    if (own.packets == 0 && !proved) continue;
    const bool by_client = side == ended.client;
    const auto &from = by_client ? ended.client_host : ended.server_host,
               &to = by_client ? ended.server_host : ended.client_host;
    Direction* direction =
        find_or_add(directions_, {from.key, to.key}, joint_hash(from.hash, to.hash), kMostPairs);
    if (direction == nullptr) continue;
    direction->captured = direction->captured || own.packets > 0;
    direction->proved = direction->proved || proved;
  }
}

bool ServiceBook::not_captured(const IpAddress& from, const IpAddress& to) const {
  const Direction* found = directions_.find({from, to}, joint_hash(key_hash(from), key_hash(to)));
  return found != nullptr && found->proved && !found->captured;
}

void ServiceBook::note_completion(const EndedConnection& ended) {
  const Side server = ended.flow.server();
  for (const Transition& t : ended.verdicts.transitions) {
    if (t.side != server || t.from != TcpState::SynReceived || t.to != TcpState::Established ||
        t.basis != Basis::Confirmed)
      continue;
    if (auto* kept = find_or_add(completions_, ended.service.key, ended.service.hash, kMostServices))
      kept->add({t.time_ns, ended.flow.number});
    else
      ++not_kept_;
    return;
  }
}

void ServiceBook::note_timestamp(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  const Verdicts& verdicts = ended.verdicts;
  const auto &first = verdicts.first_stamp[index(flow.client)],
             &last = verdicts.last_stamp[index(flow.client)];
  if (!first || !last || flow.facts(flow.server()).packets == 0 || never_opens(verdicts.handshake)) return;
  const bool held =
      std::any_of(verdicts.transitions.begin(), verdicts.transitions.end(),
                  [&](const Transition& t) { return t.side == flow.server() && t.to == TcpState::TimeWait; });
  const TwoHosts pair{ended.client_host.key, ended.server_host.key};
  const std::uint64_t hash = joint_hash(ended.client_host.hash, ended.server_host.hash);
  if (auto* kept = find_or_add(stamps_, pair, hash, kMostPairs))
    kept->add({flow.number, *first, *last, held});
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
  const auto* found = stamps_.find({client, server}, joint_hash(key_hash(client), key_hash(server)));
  if (found == nullptr) return std::nullopt;
  std::optional<KeptTimestamp> latest;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const Stamped& one = (*found)[i];
    if (one.last.time_ns > time_ns || one.last.time_ns < time_ns - kKept) continue;
    ++seen;
    for (std::size_t j = 0; j < found->size(); ++j) {
      const Stamped& other = (*found)[j];
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
  const auto* found = completions_.find(server, key_hash(server));
  if (found == nullptr) return 0;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto& [time_ns, flow] = (*found)[i];
    count += flow != except && time_ns >= around_ns - window && time_ns <= around_ns + window;
  }
  return count;
}

}  // namespace tcpautopsy

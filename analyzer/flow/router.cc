#include "analyzer/flow/router.h"

#include "analyzer/flow/incarnations.h"

namespace tcpautopsy {

Router::Id Router::other_half(const Arrival& a) {
  const Id half = flows_.elsewhere(a.key, [&a](LiveFlow& flow) { return completes_half(flow, a.segment); });
  if (half == LiveFlows::kNone) return half;
  flows_.join(half, a.key.encapsulation);
  ++halves_joined_;
  return half;
}

Router::Id Router::open_next(const Arrival& a, Id latest) {
  const Id id = flows_.open(a.key, a.hash, a.from_low, latest);
  flows_[id].pair = flows_[latest].pair;
  return id;
}

Router::Route Router::route_among(const Arrival& a, Id latest) {
  if (opens(a.segment)) return route_syn(a, latest);
  if (is_syn_ack(a.segment)) return route_syn_ack(a, latest);
  if (flows_[latest].older == LiveFlows::kNone) return {latest};
  return route_other(a, latest);
}

Router::Route Router::route_syn(const Arrival& a, Id latest) {
  for (Id id = latest; id != LiveFlows::kNone; id = flows_[id].older) {
    if (own_syn(flows_[id], a.segment, a.frame.time_ns)) return {id};
  }
  const bool alive = may_outlive(flows_[latest], a.segment);
  Route route(open_next(a, latest));
  if (alive && pending_.size() < kMostPending) {
    pending_.emplace(route.flow, PendingSyn(a.segment, a.frame, a.copy, keep_octets_));
    flows_[route.flow].held = true;
    route.pending = true;
    return route;
  }
  if (alive) ++syns_not_held_;
  succeed(latest, a);
  route.superseded = latest;
  return route;
}

void Router::succeed(Id old, const Arrival& a) {
  LiveFlow& flow = flows_[old];
  flow.successor = Successor{a.frame, flow.side_of(a.segment.source), std::nullopt, std::nullopt};
}

Router::Route Router::route_syn_ack(const Arrival& a, Id latest) {
  for (Id id = latest; id != LiveFlows::kNone; id = flows_[id].older) {
    if (own_syn_ack(flows_[id], a.segment)) return {id};
  }
  if (!syn_ack_opens(flows_[latest], a.segment)) return {latest};
  Route route(open_next(a, latest));
  route.superseded = latest;
  return route;
}

Router::Id Router::best_fit(const TcpSegment& segment, Id latest) {
  Id best = latest;
  std::uint32_t least = flows_[latest].misfit(segment);
  for (Id id = flows_[latest].older; id != LiveFlows::kNone && least > 0; id = flows_[id].older) {
    const std::uint32_t misfit = flows_[id].misfit(segment);
    if (misfit < least) {
      best = id;
      least = misfit;
    }
  }
  return least <= kSameStream ? best : latest;
}

Router::Route Router::route_other(const Arrival& a, Id latest) {
  LiveFlow& opening = flows_[latest];
  if (answers_opening(opening, a.segment)) return {latest};
  const bool reset = resets_challenge(opening, a.segment) ||
                     (opening.opening() && resets_unseen_challenge(flows_[opening.older], a.segment));
  for (Id id = opening.older; id != LiveFlows::kNone; id = flows_[id].older) {
    LiveFlow& before = flows_[id];
    if (reset && before.successor && before.misfit(a.segment) <= kSameStream) {
      if (!before.successor->reset) before.successor->reset = a.frame;
      break;
    }
    if (challenges(opening, before, a.segment)) {
      opening.challenged = true;
      opening.challenge_ack = a.segment.ack;
      return {latest, Role::Stray};
    }
  }
  return reset ? Route(latest, Role::Stray) : Route(best_fit(a.segment, latest));
}

Router::Quoted Router::route(const IcmpError& error, Id latest, TimeNs time_ns) {
  return error.seq ? by_number(error, latest) : by_time(error, latest, time_ns);
}

Router::Quoted Router::by_number(const IcmpError& error, Id latest) {
  // A SYN that waits is told by its own number.
  Id best = flows_[latest].held ? flows_[latest].older : latest;
  for (Id id = flows_[best].older; id != LiveFlows::kNone; id = flows_[id].older) {
    if (flows_[id].misfit(error) < flows_[best].misfit(error)) best = id;
  }
  LiveFlow& flow = flows_[best];
  return {best, flow.never_sent(*error.seq, flow.side_of(error.source))};
}

// The quote ends before the number: it is about the only one that was open then, or in doubt.
Router::Quoted Router::by_time(const IcmpError& error, Id latest, TimeNs time_ns) {
  const bool waits = flows_[latest].held;
  const Id told = waits ? flows_[latest].older : latest;
  Id first = LiveFlows::kNone;
  for (Id id = told; id != LiveFlows::kNone; id = flows_[id].older) {
    LiveFlow& flow = flows_[id];
    if (!may_be_quoted(flow, flow.side_of(error.source), time_ns)) continue;
    if (first != LiveFlows::kNone) return {first, true};
    first = id;
  }
  const bool alone = flows_[told].older == LiveFlows::kNone;
  return first == LiveFlows::kNone ? Quoted{told, waits || !alone} : Quoted{first, waits};
}

void Router::note_answer(LiveFlow& flow, const Arrival& a) {
  if (flow.older == LiveFlows::kNone) return;
  std::optional<Successor>& successor = flows_[flow.older].successor;
  if (!successor || successor->answered || !is_syn_ack(a.segment)) return;
  if (own_syn_ack(flow, a.segment)) successor->answered = a.frame;
}

PendingSyn::Verdict Router::judge(const Arrival& a, Id opened) {
  return pending_.at(opened).judge(a.segment, a.frame, a.copy, flows_[flows_[opened].older]);
}

std::uint64_t Router::number_while_waiting(const Arrival& a, Id opened) {
  const bool of_opened = is_plain_ack(a.segment) || opens(a.segment);
  return flows_[of_opened ? opened : flows_[opened].older].number;
}

bool Router::waits_with(Id opened, Seq iss) const {
  const auto pending = pending_.find(opened);
  return pending != pending_.end() && pending->second.segments().front().segment.seq == iss;
}

std::vector<HeldSegment> Router::release(Id opened) {
  flows_[opened].held = false;
  return pending_.extract(opened).mapped().segments();
}

Router::Route Router::route_released(const Arrival& a, Id opened) {
  const Id old = flows_[opened].older;
  if (!flows_[old].successor) {
    succeed(old, a);
    Route route(opened);
    route.superseded = old;
    return route;
  }
  // A SYN of yet another number opens one more.
  const Id latest = flows_.latest(a.key, a.hash);
  return opens(a.segment) ? route_syn(a, latest) : route_other(a, latest);
}

bool Router::only_challenged(Id opened) const { return pending_.at(opened).only_challenged(); }

std::vector<HeldSegment> Router::undo(Id opened) {
  std::vector<HeldSegment> segments = release(opened);
  flows_.undo(opened);
  return segments;
}

}  // namespace tcpautopsy

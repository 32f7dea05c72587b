// Which flow a segment of known addresses goes to.
#include "analyzer/flow/flow_table_state.h"
#include "analyzer/flow/incarnations.h"

namespace tcpautopsy {

FlowTable::State::Route FlowTable::State::route(const Arrival& a, Id latest) {
  if (opens(a.segment)) return route_syn(a, latest);
  if (is_syn_ack(a.segment)) return route_syn_ack(a, latest);
  if (flows_[latest].older == LiveFlows::kNone) return {latest};
  return route_other(a, latest);
}

FlowTable::State::Route FlowTable::State::route_syn(const Arrival& a, Id latest) {
  for (Id id = latest; id != LiveFlows::kNone; id = flows_[id].older) {
    if (own_syn(flows_[id], a.segment, a.frame.time_ns)) return {id};
  }
  const bool alive = !flows_[latest].closed() && !flows_[latest].opening();
  const Id opened = next_incarnation(a, latest);
  if (alive && held_.size() < kMostHeld) {
    held_.emplace(opened, PendingSyn(a.segment, a.frame, a.copy, bool(options.on_segment)));
    flows_[opened].held = true;
    return {opened, Role::Ordinary, true};
  }
  succeed(latest, a);
  return {opened};
}

void FlowTable::State::succeed(Id old, const Arrival& a) {
  LiveFlow& flow = flows_[old];
  flow.successor = Successor{a.frame, flow.side_of(a.segment.source), std::nullopt, std::nullopt};
  look_again(old, flow);
}

FlowTable::State::Route FlowTable::State::route_syn_ack(const Arrival& a, Id latest) {
  for (Id id = latest; id != LiveFlows::kNone; id = flows_[id].older) {
    if (own_syn_ack(flows_[id], a.segment)) return {id};
  }
  if (!syn_ack_opens(flows_[latest], a.segment)) return {latest};
  const Id opened = next_incarnation(a, latest);
  look_again(latest, flows_[latest]);
  return {opened};
}

FlowTable::State::Id FlowTable::State::best_fit(const TcpSegment& segment, Id latest) {
  Id best = latest;
  std::uint32_t least = flows_[latest].misfit(segment);
  for (Id id = flows_[latest].older; id != LiveFlows::kNone; id = flows_[id].older) {
    const std::uint32_t misfit = flows_[id].misfit(segment);
    if (misfit < least) {
      best = id;
      least = misfit;
    }
  }
  return least <= kSameStream ? best : latest;
}

FlowTable::State::Route FlowTable::State::route_other(const Arrival& a, Id latest) {
  LiveFlow& opening = flows_[latest];
  const bool reset = resets_challenge(opening, a.segment);
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

std::uint64_t FlowTable::State::add_held(const Arrival& a, Id opened) {
  const Id old = flows_[opened].older;
  PendingSyn& held = held_.at(opened);
  const std::uint64_t number = flows_[is_plain_ack(a.segment) || opens(a.segment) ? opened : old].number;
  switch (held.judge(a.segment, a.frame, a.copy, flows_[old])) {
    case PendingSyn::Verdict::Wait: return number;
    case PendingSyn::Verdict::Opens: opened_for_good(opened); return deliver(a, route(a, opened));
    case PendingSyn::Verdict::Forged: was_forged(opened); return deliver(a, route(a, old));
  }
  return number;
}

void FlowTable::State::opened_for_good(Id opened) {
  const std::vector<HeldSegment> segments = held_.extract(opened).mapped().segments();
  const Id old = flows_[opened].older;
  flows_[opened].held = false;
  for (const HeldSegment& held : segments) {
    const Arrival a(held.segment, held.frame, held.copy);
    if (!flows_[old].successor) succeed(old, a);
    deliver(a, opens(held.segment) ? Route{opened} : route_other(a, opened));
  }
}

void FlowTable::State::was_forged(Id opened) {
  const std::vector<HeldSegment> segments = held_.extract(opened).mapped().segments();
  const Id old = flows_[opened].older;
  flows_[opened].held = false;
  if (flows_[opened].number + 1 == next_number_) --next_number_;
  flows_.undo(opened);
  --facts.flows;
  for (const HeldSegment& held : segments) {
    deliver(Arrival(held.segment, held.frame, held.copy), {old});
  }
}

}  // namespace tcpautopsy

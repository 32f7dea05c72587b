#include "analyzer/infer/trellis_moves.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

bool arrives(EventKind kind) {
  return kind == EventKind::Arrive || kind == EventKind::MayArrive || kind == EventKind::Icmp;
}

// An arrival changes few of the states, often none: the rest of the row stands, but for the idle cost.
void idle_over(const Event& event, StateSet states, CostRow& row) {
  if (event.idle_cost == 0) return;
  (states & ~(moved_by(event.triggers) | kNoConnection)).each([&](TcpState s) {
    row.set(s, add_cost(row[s], event.idle_cost));
  });
}

CostRow arrival_forward(const Event& event, const CostRow& before) {
  const StateSet moved = before.states() & moved_by(event.triggers);
  CostRow row = before;
  idle_over(event, before.states(), row);
  moved.each([&](TcpState s) { row.set(s, add_cost(before[s], moves::stay_cost(s, event))); });
  moved.each([&](TcpState s) {
    moves::at_arrival(s, event, [&](TcpState from, TcpState to, Cost cost) {
      if (to != from) row.offer(to, add_cost(before[from], cost));
    });
  });
  return row;
}

CostRow arrival_backward(const Event& event, StateSet states, const CostRow& after) {
  CostRow row = after;
  idle_over(event, states & after.states(), row);
  (states & moved_by(event.triggers)).each([&](TcpState s) {
    Cost best = kNever;
    moves::at_arrival(s, event, [&](TcpState, TcpState to, Cost cost) {
      best = std::min(best, add_cost(cost, after[to]));
    });
    if (best != kNever) row.set(s, best);
  });
  return row;
}

}  // namespace

bool leaves_all(const Event& event, StateSet states, const Observations& observations) {
  switch (event.kind) {
    case EventKind::Displaced: return true;
    case EventKind::Send: {
      const Observation& m = observations.records[event.record];
      return m.sends != Sends::Rst && states.within(kStays[index(m.sends)] & m.after);
    }
    case EventKind::Arrive:
    case EventKind::MayArrive:
    case EventKind::Icmp:
      return !states.meets(moved_by(event.triggers)) &&
             (event.idle_cost == 0 || states.within(kNoConnection));
    case EventKind::HiddenFin: return !states.meets(kMissedFrom[index(event.evidence)]);
    case EventKind::Shown: return states.within(event.shown);
    default: return false;
  }
}

CostRow forward_over(const Trellis& trellis, const Event& event, const Observations& observations,
                     const CostRow& before) {
  if (arrives(event.kind)) return arrival_forward(event, before);
  CostRow row;
  each_move(trellis, event, before.states(), observations,
            [&](TcpState from, TcpState to, Cost cost) { row.offer(to, add_cost(before[from], cost)); });
  return row;
}

CostRow backward_over(const Trellis& trellis, const Event& event, const Observations& observations,
                      StateSet states, const CostRow& after) {
  if (arrives(event.kind)) return arrival_backward(event, states, after);
  CostRow row;
  each_move(trellis, event, states, observations,
            [&](TcpState from, TcpState to, Cost cost) { row.offer(from, add_cost(cost, after[to])); });
  return row;
}

}  // namespace tcpautopsy

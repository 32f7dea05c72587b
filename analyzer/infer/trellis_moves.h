// The steps that an endpoint can take at an event.
#pragma once

#include <algorithm>
#include <utility>

#include "analyzer/infer/transition_tables.h"
#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

// The row can be the one by which the segment was sent.
constexpr bool applies(const SendRow& row, const Observation& m) {
  if (row.what != m.sends || !m.after.has(row.to)) return false;
  return row.given == Given::Always || (row.given == Given::EarlyData ? m.early_data : !m.syn_again);
}

namespace moves {

template <class Visit>
void at_send(TcpState from, const Observation& m, Visit visit) {
  const SendRows& of = kSendsOf[index(from)][index(m.sends)];
  const Cost form = m.sends == Sends::Rst ? kRstFormCosts[index(m.rst_form())][index(from)] : Cost{0};
  for (std::size_t k = 0; k < of.count; ++k) {
    const SendRow& row = rows::kSendRows[of.rows[k]];
    if (applies(row, m)) visit(from, row.to, add_cost(row.cost, form));
  }
}

// That it did not come, or came and was ignored.
constexpr Cost stay_cost(TcpState from, const Event& event) {
  return std::min(event.stay_cost, ignored_cost(from, event.triggers));
}

template <class Visit>
void at_arrival(TcpState from, const Event& event, Visit visit) {
  const auto [to, but_fin] = arrival(from, event.triggers);
  if (to != from) visit(from, to, event.cost);
  if (but_fin != to && but_fin != from) visit(from, but_fin, add_cost(event.cost, weights::kBehindHole));
  visit(from, from,
        to != from                ? stay_cost(from, event)
        : kNoConnection.has(from) ? Cost{0}
                                  : event.idle_cost);
}

template <class Visit>
void at_hidden_fin(TcpState from, const Event& event, Visit visit) {
  Cost stay_cost = 0;
  for (const MissedMoves::Move& move : missed_moves(from, event.evidence)) {
    visit(from, move.to, move.cost);
    stay_cost = move.stay_cost;
  }
  visit(from, from, stay_cost);
}

template <class Visit>
void at_unseen(TcpState from, const Event& event, Visit visit) {
  visit(from, from, Cost{0});
  for (const MissedMoves::Move& move : missed_moves(from, event.evidence)) visit(from, move.to, move.cost);
}

// The states of `event.shown` explain it; the rest cost, or are ruled out.
template <class Visit>
void at_shown(TcpState from, const Event& event, Visit visit) {
  if (event.shown.has(from)) return visit(from, from, Cost{0});
  if (event.cost != kNever) visit(from, from, event.cost);
}

template <class Visit>
void at_jump(TcpState from, const Observation& m, Visit visit) {
  for (const JumpRow& row : rows::kJumpRows)
    if (row.what == m.sends && m.after.has(row.to)) visit(from, row.to, row.cost);
}

}  // namespace moves

// Calls visit(from, to, cost) for each step from each of `states`, of one state the commonest first.
template <class Visit>
void each_move(const Trellis& trellis, const Event& event, StateSet states, const Observations& observations,
               Visit visit) {
  switch (event.kind) {
    case EventKind::Displaced: return states.each([&](TcpState s) { visit(s, s, Cost{0}); });
    case EventKind::Send:
      return states.each(
          [&, &m = observations.records[event.record]](TcpState s) { moves::at_send(s, m, visit); });
    case EventKind::Arrive:
    case EventKind::MayArrive:
    case EventKind::Icmp: return states.each([&](TcpState s) { moves::at_arrival(s, event, visit); });
    case EventKind::HiddenFin: return states.each([&](TcpState s) { moves::at_hidden_fin(s, event, visit); });
    case EventKind::Silent:
      return states.each([&, &silent = trellis.silent[event.silent]](TcpState s) {
        visit(s, s, Cost{0});
        if (silent[s] != kNever) visit(s, silent_row(s)->to, silent[s]);
      });
    case EventKind::Unseen: return states.each([&](TcpState s) { moves::at_unseen(s, event, visit); });
    case EventKind::Shown: return states.each([&](TcpState s) { moves::at_shown(s, event, visit); });
    case EventKind::Jump:
      return states.each(
          [&, &m = observations.records[event.record]](TcpState s) { moves::at_jump(s, m, visit); });
  }
}

// Every state of the set stays as it is at the event, at no cost.
bool leaves_all(const Event& event, StateSet states, const Observations& observations);

// One event on: the cheapest ways there.
CostRow forward_over(const Trellis& trellis, const Event& event, const Observations& observations,
                     const CostRow& before);
// One event back: the cheapest ways on from `states`. Of others it may tell anything.
CostRow backward_over(const Trellis& trellis, const Event& event, const Observations& observations,
                      StateSet states, const CostRow& after);

}  // namespace tcpautopsy

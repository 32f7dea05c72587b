// The steps that an endpoint can take at an event.
#pragma once

#include <utility>

#include "analyzer/infer/transition_tables.h"
#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

// A bare RST is the answer of a host that has no use for a segment; an application that aborts sends RST and
// ACK.
Cost rst_form_cost(TcpState from, const Observation& observations);

// What the capture can have missed before a segment: anything toward the endpoint, and its own SYN or FIN.
// The states it leads to, staying apart; some twice.
struct UnseenMoves {
  std::array<TcpState, kStateCount + 1> to{};
  std::uint8_t count = 0;
};
const UnseenMoves& unseen_moves(TcpState from);

// States in which a FIN that passed unseen can have been sent.
constexpr StateSet kSendsFin{TcpState::SynReceived, TcpState::Established, TcpState::CloseWait};

namespace moves {

template <class Visit>
void at_send(TcpState from, const Observation& m, Visit visit) {
  if (from == TcpState::SynReceived && m.sends == Sends::Ack && m.early_data)
    return visit(from, from, Cost{0});
  const SendRows& of = kSendsOf[index(from)][index(m.sends)];
  const Cost form = of.count > 0 && m.sends == Sends::Rst ? rst_form_cost(from, m) : Cost{0};
  for (std::size_t k = 0; k < of.count; ++k) {
    const SendRow& row = rows::kSendRows[of.rows[k]];
    if (m.after.has(row.to)) visit(from, row.to, add_cost(row.cost, form));
  }
}

constexpr Cost kBehindHole = 4;
constexpr StateSet kDeaf{TcpState::Closed, TcpState::Listen};

template <class Visit>
void at_arrival(TcpState from, const Event& event, Visit visit) {
  const auto [to, but_fin] = arrival(from, event.triggers);
  if (to != from) visit(from, to, event.cost);
  if (but_fin != to && but_fin != from) visit(from, but_fin, add_cost(event.cost, kBehindHole));
  visit(from, from, to != from ? event.stay_cost : kDeaf.has(from) ? Cost{0} : event.idle_cost);
}

template <class Visit>
void at_hidden_fin(TcpState from, const Event& event, Visit visit) {
  const bool can = kSendsFin.has(from);
  if (can) visit(from, from == TcpState::CloseWait ? TcpState::LastAck : TcpState::FinWait1, event.cost);
  visit(from, from, can ? event.stay_cost : Cost{0});
}

template <class Visit>
void at_unseen(TcpState from, Cost cost, Visit visit) {
  visit(from, from, Cost{0});
  const UnseenMoves& unseen = unseen_moves(from);
  for (std::size_t k = 0; k < unseen.count; ++k) visit(from, unseen.to[k], cost);
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
        if (silent[s] != kNever) visit(s, TcpState::Closed, silent[s]);
      });
    case EventKind::Unseen: return states.each([&](TcpState s) { moves::at_unseen(s, event.cost, visit); });
    case EventKind::Jump:
      return states.each([&, after = observations.records[event.record].after](TcpState s) {
        after.each([&](TcpState to) { visit(s, to, event.cost); });
      });
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

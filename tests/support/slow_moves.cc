#include "tests/support/slow_moves.h"

#include "analyzer/infer/transitions.h"

namespace tcpautopsy {
namespace {

using enum TcpState;
using Moves = std::vector<SlowMove>;

const ArriveRow* slow_row(TcpState state, unsigned triggers) {
  for (const Trigger t : {kGotRst, kGotIcmp, kGotSynAck, kGotSyn, kGotAckOfSyn, kGotAckOfFin, kGotFin})
    for (const ArriveRow& row : arrive_rows())
      if ((triggers & t) != 0 && row.from == state && row.on == t) return &row;
  return nullptr;
}

Cost rst_cost(TcpState from, const Observation& m) {
  const bool no_connection = from == Closed || from == Listen;
  if (m.refuses_syn) return no_connection ? 0 : 3;
  if (from == SynSent && m.refuses_handshake) return 6;
  if (m.bare_rst) return from == Established || from == CloseWait ? 3 : 0;
  return no_connection ? 3 : 0;
}

Moves sends(TcpState from, const Observation& m) {
  if (from == SynReceived && m.sends == Sends::Ack && m.early_data) return {{SynReceived, 0}};
  Moves moves;
  for (const SendRow& row : send_rows())
    if (row.from == from && row.what == m.sends && m.after.has(row.to))
      moves.push_back({row.to, add_cost(row.cost, m.sends == Sends::Rst ? rst_cost(from, m) : Cost{0})});
  return moves;
}

Moves arrives(TcpState from, unsigned triggers, Cost deliver_cost, Cost miss_cost, Cost idle_cost) {
  Moves moves;
  const TcpState whole = slow_deliver(from, triggers);
  const TcpState but_fin = slow_deliver(from, triggers & ~unsigned{kGotFin});
  if (whole != from) moves.push_back({whole, deliver_cost});
  if (but_fin != whole && but_fin != from) moves.push_back({but_fin, add_cost(deliver_cost, 4)});
  const bool deaf = from == Closed || from == Listen;
  moves.push_back({from, whole != from ? miss_cost : deaf ? Cost{0} : idle_cost});
  return moves;
}

Moves hides_fin(TcpState from, const Event& event) {
  switch (from) {
    case CloseWait: return {{LastAck, event.cost}, {from, event.stay_cost}};
    case Established:
    case SynReceived: return {{FinWait1, event.cost}, {from, event.stay_cost}};
    default: return {{from, 0}};
  }
}

Moves unseen(TcpState from, Cost cost) {
  Moves moves{{from, 0}};
  for (const unsigned both : {unsigned{kGotAckOfFin} | kGotFin, unsigned{kGotAckOfSyn} | kGotFin})
    if (const ArriveRow* row = slow_row(from, both); row != nullptr && row->on != kGotFin)
      moves.push_back({slow_deliver(from, both), cost});
  for (const ArriveRow& row : arrive_rows())
    if (row.from == from && row.on != kGotIcmp) moves.push_back({row.to, cost});
  if (from == Closed) moves.push_back({SynSent, cost});
  if (from == Established || from == SynReceived) moves.push_back({FinWait1, cost});
  if (from == CloseWait) moves.push_back({LastAck, cost});
  return moves;
}

}  // namespace

TcpState slow_deliver(TcpState state, unsigned triggers) {
  while (const ArriveRow* row = slow_row(state, triggers)) {
    state = row->to;
    triggers = row->on == kGotFin || row->on == kGotRst ? 0U : triggers & ~unsigned{row->on};
  }
  return state;
}

std::vector<SlowMove> slow_moves(const Trellis& trellis, const Event& event, TcpState from,
                                 const Observations& observations) {
  const auto m = [&]() -> const Observation& { return observations.records[event.record]; };
  switch (event.kind) {
    case EventKind::Send: return sends(from, m());
    case EventKind::Displaced: return {{from, 0}};
    case EventKind::Arrive:
      return arrives(from, m().triggers, m().deliver_cost, m().miss_cost, m().idle_cost);
    case EventKind::MayArrive: return arrives(from, m().triggers, event.cost, 0, 0);
    case EventKind::Icmp: return arrives(from, kGotIcmp, 0, event.stay_cost, 0);
    case EventKind::HiddenFin: return hides_fin(from, event);
    case EventKind::Unseen: return unseen(from, event.cost);
    case EventKind::Silent: {
      const Cost cost = trellis.silent[event.silent][from];
      return cost == kNever ? Moves{{from, 0}} : Moves{{from, 0}, {Closed, cost}};
    }
    case EventKind::Jump: {
      Moves moves;
      m().after.each([&](TcpState to) { moves.push_back({to, event.cost}); });
      return moves;
    }
  }
  return {};
}

}  // namespace tcpautopsy

#include "tests/support/slow_moves.h"

#include "analyzer/infer/transitions.h"

namespace tcpautopsy {
namespace {

using Moves = std::vector<SlowMove>;

const ArriveRow* slow_row(TcpState state, unsigned triggers) {
  for (const Trigger t : {kGotRst, kGotIcmp, kGotSynAck, kGotSyn, kGotAckOfSyn, kGotAckOfFin, kGotFin})
    for (const ArriveRow& row : arrive_rows())
      if ((triggers & t) != 0 && row.from == state && row.on == t) return &row;
  return nullptr;
}

Moves sends(TcpState from, const Observation& m) {
  Cost form = 0;
  if (m.sends == Sends::Rst)
    for (const RstFormRow& row : rst_form_rows())
      if (row.form == m.rst_form() && row.from.has(from)) form = row.cost;
  Moves moves;
  for (const SendRow& row : send_rows())
    if (row.from == from && row.what == m.sends && m.after.has(row.to) &&
        (row.given == Given::Always || (row.given == Given::EarlyData && m.early_data) ||
         (row.given == Given::FirstSyn && !m.syn_again)))
      moves.push_back({row.to, add_cost(row.cost, form)});
  return moves;
}

Moves arrives(TcpState from, unsigned triggers, Cost deliver_cost, Cost miss_cost, Cost idle_cost) {
  Moves moves;
  const TcpState whole = slow_deliver(from, triggers);
  const TcpState but_fin = slow_deliver(from, triggers & ~unsigned{kGotFin});
  if (whole != from) moves.push_back({whole, deliver_cost});
  if (but_fin != whole && but_fin != from)
    moves.push_back({but_fin, add_cost(deliver_cost, weights::kBehindHole)});
  if (whole != from) miss_cost = std::min(miss_cost, slow_row(from, triggers)->ignored);
  moves.push_back({from, whole != from ? miss_cost : kNoConnection.has(from) ? Cost{0} : idle_cost});
  return moves;
}

// Sent or received without being captured; last, that it was not.
Moves missed(TcpState from, Evidence evidence) {
  Moves moves;
  Cost stay_cost = 0;
  for (const UnseenRow& row : unseen_rows())
    for (const ArriveRow& arrived : arrive_rows())
      if (row.evidence == evidence && arrived.from == from && (row.on & arrived.on) != 0)
        moves.push_back({slow_deliver(arrived.to, row.then), row.cost});
  for (const HiddenRow& row : hidden_rows()) {
    if (row.evidence != evidence || !row.from.has(from)) continue;
    for (const SendRow& sent : send_rows())
      if (sent.from == from && sent.what == row.what && sent.to != from) moves.push_back({sent.to, row.cost});
    stay_cost = row.stay_cost;
  }
  moves.push_back({from, stay_cost});
  return moves;
}

Moves jumps(const Observation& m) {
  Moves moves;
  for (const JumpRow& row : jump_rows())
    if (row.what == m.sends && m.after.has(row.to)) moves.push_back({row.to, row.cost});
  return moves;
}

Moves silent(const Trellis& trellis, const Event& event, TcpState from) {
  Moves moves{{from, 0}};
  const Cost cost = trellis.silent[event.silent][from];
  for (const SilentRow& row : silent_rows())
    if (row.from == from && cost != kNever) moves.push_back({row.to, cost});
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
    case EventKind::Icmp: return arrives(from, kGotIcmp, 0, weights::kIcmpIgnored, 0);
    case EventKind::HiddenFin:
    case EventKind::Unseen: return missed(from, event.evidence);
    case EventKind::Shown:
      if (event.shown.has(from)) return {{from, 0}};
      return event.cost == kNever ? Moves{} : Moves{{from, event.cost}};
    case EventKind::Silent: return silent(trellis, event, from);
    case EventKind::Jump: return jumps(m());
  }
  return {};
}

}  // namespace tcpautopsy

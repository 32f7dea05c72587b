// What follows from the rows of transition_rows.h, folded while compiling into what the passes ask at each
// segment for each state.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "analyzer/infer/transition_rows.h"

namespace tcpautopsy {

// All triggers, by the RFC's order (RFC 9293 3.10.7.4: the RST bit, then SYN, then ACK, then FIN).
inline constexpr Trigger kTriggerOrder[]{kGotRst,      kGotIcmp,     kGotSynAck, kGotSyn,
                                         kGotAckOfSyn, kGotAckOfFin, kGotFin};
constexpr std::size_t kTriggerMasks = std::size_t{1} << std::size(kTriggerOrder);

// A row with a trigger that stands in no order, or that changes no state, would be passed over in silence.
static_assert([] {
  for (const ArriveRow& row : rows::kArriveRows) {
    bool ordered = false;
    for (const Trigger t : kTriggerOrder) ordered = ordered || t == row.on;
    if (!ordered || row.on >= kTriggerMasks || row.from == row.to) return false;
  }
  return true;
}());
constexpr std::size_t kSendKinds = 5;
constexpr std::size_t kRstForms = static_cast<std::size_t>(RstForm::WithAck) + 1;
constexpr std::size_t kEvidences = 10;
constexpr std::uint8_t kNoRow = 0xff;

template <class T>
using PerState = std::array<T, kStateCount>;

constexpr std::size_t index(TcpState state) { return static_cast<std::size_t>(state); }
constexpr std::size_t index(Sends what) { return static_cast<std::size_t>(what); }
constexpr std::size_t index(RstForm form) { return static_cast<std::size_t>(form); }
constexpr std::size_t index(Evidence evidence) { return static_cast<std::size_t>(evidence); }

// By state and triggers: the row that applies first.
inline constexpr auto kFirstRow = [] {
  PerState<std::array<std::uint8_t, std::size(kTriggerOrder)>> by_trigger{};
  for (auto& row : by_trigger) row.fill(kNoRow);
  for (std::size_t r = 0; r < std::size(rows::kArriveRows); ++r)
    for (std::size_t t = 0; t < std::size(kTriggerOrder); ++t)
      if (rows::kArriveRows[r].on == kTriggerOrder[t])
        by_trigger[index(rows::kArriveRows[r].from)][t] = static_cast<std::uint8_t>(r);
  PerState<std::array<std::uint8_t, kTriggerMasks>> first{};
  for (std::size_t s = 0; s < kStateCount; ++s)
    for (std::size_t mask = 0; mask < kTriggerMasks; ++mask) {
      std::uint8_t& row = first[s][mask] = kNoRow;
      for (std::size_t t = 0; t < std::size(kTriggerOrder) && row == kNoRow; ++t)
        if ((mask & kTriggerOrder[t]) != 0) row = by_trigger[s][t];
    }
  return first;
}();

// Its number among the rows, kNoRow for none.
constexpr std::uint8_t first_row(TcpState state, std::uint8_t triggers) {
  return kFirstRow[index(state)][triggers % kTriggerMasks];
}

// What it costs that a segment came and was ignored.
constexpr Cost ignored_cost(TcpState state, std::uint8_t triggers) {
  const std::uint8_t row = first_row(state, triggers);
  return row == kNoRow ? kNever : rows::kArriveRows[row].ignored;
}

// Where a segment leads that arrives whole, and where it leads if its FIN came before data that was lost: the
// rest of it counts then, the FIN not yet.
struct ArrivalResult {
  TcpState whole, but_fin;
};

inline constexpr auto kArrivals = [] {
  const auto all_rows = [](TcpState state, std::uint8_t triggers) {
    for (std::uint8_t r = first_row(state, triggers); r != kNoRow; r = first_row(state, triggers)) {
      const ArriveRow& row = rows::kArriveRows[r];
      state = row.to;
      // A segment is processed once from top to bottom: what came before the row in the RFC's order is over.
      triggers = static_cast<std::uint8_t>(row.on == kGotFin || row.on == kGotRst ? 0 : triggers & ~row.on);
    }
    return state;
  };
  PerState<std::array<ArrivalResult, kTriggerMasks>> arrivals{};
  for (std::size_t s = 0; s < kStateCount; ++s)
    for (std::size_t mask = 0; mask < kTriggerMasks; ++mask)
      arrivals[s][mask] = {
          all_rows(static_cast<TcpState>(s), static_cast<std::uint8_t>(mask)),
          all_rows(static_cast<TcpState>(s), static_cast<std::uint8_t>(mask & ~unsigned{kGotFin}))};
  return arrivals;
}();

constexpr ArrivalResult arrival(TcpState from, std::uint8_t triggers) {
  return kArrivals[index(from)][triggers % kTriggerMasks];
}

// By triggers: the states in which such a segment changes anything.
inline constexpr auto kMoved = [] {
  std::array<StateSet, kTriggerMasks> moved{};
  for (std::size_t s = 0; s < kStateCount; ++s)
    for (std::size_t mask = 0; mask < kTriggerMasks; ++mask)
      if (first_row(static_cast<TcpState>(s), static_cast<std::uint8_t>(mask)) != kNoRow)
        moved[mask].add(static_cast<TcpState>(s));
  return moved;
}();

constexpr StateSet moved_by(std::uint8_t triggers) { return kMoved[triggers % kTriggerMasks]; }

// By state and what it sends: its rows, two at most.
struct SendRows {
  std::array<std::uint8_t, 2> rows{};
  std::uint8_t count = 0;
};

inline constexpr auto kSendsOf = [] {
  PerState<std::array<SendRows, kSendKinds>> sends{};
  for (std::size_t r = 0; r < std::size(rows::kSendRows); ++r) {
    SendRows& of = sends[index(rows::kSendRows[r].from)][index(rows::kSendRows[r].what)];
    of.rows[of.count++] = static_cast<std::uint8_t>(r);
  }
  return sends;
}();

// By what is sent: the states that send it as usual and stay as they are.
inline constexpr auto kStays = [] {
  std::array<StateSet, kSendKinds> stays{};
  for (const SendRow& row : rows::kSendRows)
    if (row.from == row.to && row.cost == 0 && kSendsOf[index(row.from)][index(row.what)].count == 1)
      stays[index(row.what)].add(row.from);
  return stays;
}();

// By form and state: what a RST costs beyond its row.
inline constexpr auto kRstFormCosts = [] {
  std::array<PerState<Cost>, kRstForms> costs{};
  for (const RstFormRow& row : rows::kRstFormRows)
    row.from.each([&](TcpState s) { costs[index(row.form)][index(s)] = row.cost; });
  return costs;
}();

// By state and evidence: where segments lead that were not captured, staying apart; some twice.
struct MissedMoves {
  struct Move {
    TcpState to = TcpState::Closed;
    Cost cost = 0, stay_cost = 0;
    std::uint8_t unseen_row = kNoRow, hidden_row = kNoRow;  // the one that it follows from
  };
  std::array<Move, kStateCount + 1> moves{};
  std::uint8_t count = 0;

  constexpr void add(const Move& move) { moves[count++] = move; }
  constexpr const Move* begin() const { return moves.data(); }
  constexpr const Move* end() const { return moves.data() + count; }
};

inline constexpr auto kMissedMoves = [] {
  PerState<std::array<MissedMoves, kEvidences>> all{};
  for (std::uint8_t r = 0; r < std::size(rows::kUnseenRows); ++r) {
    const UnseenRow& row = rows::kUnseenRows[r];
    for (const ArriveRow& arrived : rows::kArriveRows)
      if ((arrived.on & row.on) != 0)
        all[index(arrived.from)][index(row.evidence)].add(
            {arrival(arrived.to, row.then).whole, row.cost, 0, r, kNoRow});
  }
  for (std::uint8_t r = 0; r < std::size(rows::kHiddenRows); ++r) {
    const HiddenRow& row = rows::kHiddenRows[r];
    for (const SendRow& sent : rows::kSendRows)
      if (sent.what == row.what && sent.to != sent.from && row.from.has(sent.from))
        all[index(sent.from)][index(row.evidence)].add({sent.to, row.cost, row.stay_cost, kNoRow, r});
  }
  return all;
}();

constexpr const MissedMoves& missed_moves(TcpState from, Evidence evidence) {
  return kMissedMoves[index(from)][index(evidence)];
}

// By evidence: the states that such a segment can have changed.
inline constexpr auto kMissedFrom = [] {
  std::array<StateSet, kEvidences> from{};
  for (std::size_t s = 0; s < kStateCount; ++s)
    for (std::size_t e = 0; e < kEvidences; ++e)
      if (kMissedMoves[s][e].count > 0) from[e].add(static_cast<TcpState>(s));
  return from;
}();

}  // namespace tcpautopsy

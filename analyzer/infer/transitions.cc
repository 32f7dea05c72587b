#include "analyzer/infer/transitions.h"

#include "analyzer/infer/transition_tables.h"

namespace tcpautopsy {
namespace {

template <class Row, class Matches>
const Row* find(std::span<const Row> rows, Matches matches) {
  for (const Row& row : rows)
    if (matches(row)) return &row;
  return nullptr;
}

}  // namespace

std::span<const ArriveRow> arrive_rows() { return rows::kArriveRows; }
std::span<const SendRow> send_rows() { return rows::kSendRows; }
std::span<const RstFormRow> rst_form_rows() { return rows::kRstFormRows; }
std::span<const TimerRow> timer_rows() { return rows::kTimerRows; }
std::span<const SilentRow> silent_rows() { return rows::kSilentRows; }
std::span<const StartRow> start_rows() { return rows::kStartRows; }
std::span<const ToldRow> told_rows() { return rows::kToldRows; }
std::span<const HiddenRow> hidden_rows() { return rows::kHiddenRows; }
std::span<const UnseenRow> unseen_rows() { return rows::kUnseenRows; }
std::span<const JumpRow> jump_rows() { return rows::kJumpRows; }
std::span<const SuccessorRow> successor_rows() { return rows::kSuccessorRows; }

const ArriveRow* arrive(TcpState state, std::uint8_t triggers) {
  const std::uint8_t row = first_row(state, triggers);
  return row == kNoRow ? nullptr : &rows::kArriveRows[row];
}

TcpState deliver(TcpState state, std::uint8_t triggers) { return arrival(state, triggers).whole; }

const SendRow* send_row(TcpState from, Sends what, TcpState to) {
  const SendRows& of = kSendsOf[index(from)][index(what)];
  for (std::size_t k = 0; k < of.count; ++k)
    if (rows::kSendRows[of.rows[k]].to == to) return &rows::kSendRows[of.rows[k]];
  return nullptr;
}

const TimerRow* timer_row(TcpState from) {
  return find(timer_rows(), [from](const TimerRow& row) { return row.from == from; });
}

const SilentRow* silent_row(TcpState from) {
  return find(silent_rows(), [from](const SilentRow& row) { return row.from == from; });
}

const JumpRow* jump_row(Sends what, TcpState to) {
  return find(jump_rows(), [what, to](const JumpRow& row) { return row.what == what && row.to == to; });
}

const SuccessorRow* successor_row(Succession seen) {
  return find(successor_rows(), [seen](const SuccessorRow& row) { return row.seen == seen; });
}

}  // namespace tcpautopsy

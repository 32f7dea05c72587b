#include "analyzer/infer/transitions.h"

#include "analyzer/infer/transition_tables.h"

namespace tcpautopsy {

std::span<const ArriveRow> arrive_rows() { return rows::kArriveRows; }
std::span<const SendRow> send_rows() { return rows::kSendRows; }
std::span<const TimerRow> timer_rows() { return rows::kTimerRows; }

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
  for (const TimerRow& row : rows::kTimerRows)
    if (row.from == from) return &row;
  return nullptr;
}

}  // namespace tcpautopsy

// The state machine of RFC 9293 as an observer needs it: three tables, one row a transition.
//
// kArriveRows: what a segment does IF it arrives, which a capture cannot see. kSendRows: what an endpoint's
// own segment shows. kTimerRows: what time does. The tables are the only place where a transition is written;
// both passes, the reading-off of histories and docs/states.md go by them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "analyzer/infer/tcp_state.h"

namespace tcpautopsy {

// What a segment can mean to its receiver; one segment may carry several.
enum Trigger : std::uint8_t {
  kGotSyn = 1,        // SYN without ACK
  kGotSynAck = 2,     // SYN with an ACK of our SYN
  kGotAckOfSyn = 4,   // ACK that covers our SYN
  kGotFin = 8,        // after it the stream is whole up to and with the FIN (RCV.NXT passes it)
  kGotAckOfFin = 16,  // ACK that covers our FIN
  kGotRst = 32,       // RST that passes the sequence check of RFC 9293 3.10.7.4 (or of 3.10.7.3 in SYN-SENT)
  kGotIcmp = 64,      // ICMP error that aborts a connection attempt
};

struct ArriveRow {
  TcpState from;
  Trigger on;
  TcpState to;
  std::string_view cause, rfc;
};

enum class Sends : std::uint8_t { Syn, SynAck, Ack, Fin, Rst };  // Ack: data or a plain acknowledgment

struct SendRow {
  TcpState from;
  Sends what;
  TcpState to;
  std::uint8_t cost;  // 0: the usual trellis; more: needs an unusual one
  std::string_view cause, rfc;
};

enum class Clock : std::uint8_t { Msl2, FinWait2, SynResends, SynAckResends, OrphanResends, DataResends };

struct TimerRow {
  TcpState from;
  Clock clock;
  TcpState to;
  std::string_view cause, rfc;
};

std::span<const ArriveRow> arrive_rows();
std::span<const SendRow> send_rows();
std::span<const TimerRow> timer_rows();

// The row that applies when a segment with `triggers` arrives in `state`, by the RFC's order RST, SYN, ACK,
// FIN; null if it changes nothing. One segment may take several rows in turn (FIN and ACK of our FIN
// together).
const ArriveRow* arrive(TcpState state, std::uint8_t triggers);

// Where a whole segment leads: all rows in turn.
TcpState deliver(TcpState state, std::uint8_t triggers);

// The row for sending `what` in `from` that ends in `to`; null if there is none.
const SendRow* send_row(TcpState from, Sends what, TcpState to);
const TimerRow* timer_row(TcpState from);

}  // namespace tcpautopsy

// What the packets show of a connection's end, for the detectors of closing: each end's FIN, and each RST
// with the reason its header suggests. Facts and plain deductions only; what is made of them is the
// detectors' business.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// The FIN of one end.
struct FinFacts {
  RecordIndex first = kNoRecord;     // its first sending that was captured
  StreamOffset end = 0;              // one past the FIN: what acknowledges it
  std::vector<RecordIndex> resends;  // the same FIN again, without packets captured twice
  RecordIndex acked_by = kNoRecord;  // the peer's first segment that covers it; a RST counts

  RecordIndex last() const { return resends.empty() ? first : resends.back(); }
};

std::optional<FinFacts> fin_of(const FlowHistory& flow, Side side);

// One RST, and what speaks for or against its being its sender's own and effective.
struct ResetFacts {
  RecordIndex record = kNoRecord;
  Side side = Side::A;                 // its (alleged) sender
  TcpState state = TcpState::Unknown;  // likeliest state of the sender just before
  bool fin_sent = false;               // the sender's own FIN passed before
  bool fin_received = false;           // the peer's FIN passed before
  RecordIndex answers =
      kNoRecord;               // the segment whose ACK field the RST took its number from (RFC 9293 3.5.2)
  bool beyond_window = false;  // outside the receiver's window: a receiver drops it in silence
  bool odd_sequence = false;   // a number that neither its sender nor an answer by it would use
  bool inexact = false;        // inside it, but not RCV.NXT as far as that is known (RFC 5961 3.2)
  RecordIndex goes_on = kNoRecord;  // a later segment by which the sender goes on with the connection

  // Sent without a socket, to a segment that had none to go to; a socket that aborts sets ACK on its RST.
  bool is_reply() const { return answers != kNoRecord; }
};

// All RSTs of one end after the handshake, in order, without packets captured twice.
std::vector<ResetFacts> resets_of(const FlowHistory& flow, Side side);

// The RST ends a synchronised connection in place of a close: from its socket, inside the window, before both
// FINs, and not in answer to a segment that came after the endpoint's own FIN.
bool is_abort(const FlowHistory& flow, const ResetFacts& reset);
// The RST answers data, a FIN or a keep-alive probe that came after the endpoint's own FIN.
bool is_after_close(const FlowHistory& flow, const ResetFacts& reset);

// Octets of the peer that the resetting end's TCP had taken and after which that end sent no data: nothing
// shows that its application has read them.
StreamOffset maybe_unread(const FlowHistory& flow, const ResetFacts& reset);

// The record came when the next incarnation on the same ports had been answered.
bool is_old_duplicate(const FlowHistory& flow, RecordIndex i);

// How a RST's IP header differs from what else its sender sent.
struct HeaderMisfit {
  bool ttl = false;  // all others of this sender agree, and this one differs
  bool ttl_by_initial =
      false;           // by just the difference of two usual initial values: another code path may do that
  bool ip_id = false;  // others count up, and this one is out of line
  std::uint8_t usual_ttl = 0;
  bool any() const { return ttl || ip_id; }
};
HeaderMisfit header_misfit(const FlowHistory& flow, RecordIndex reset);

// Round trip between both ends, from the two halves; none unless both were measured.
std::optional<TimeNs> round_trip(const FlowHistory& flow);
// The highest ACK that `side` had sent before record `i`; 0 if none.
StreamOffset acked_before(const FlowHistory& flow, RecordIndex i, Side side);
// The last segment of `side` before record `i` that `accept` takes; kNoRecord if none.
template <class F>
RecordIndex last_before(const FlowHistory& flow, RecordIndex i, Side side, F accept) {
  while (i-- > 0) {
    const auto& record = flow.records()[i];
    if (record.side == side && !record.copy && accept(record)) return i;
  }
  return kNoRecord;
}
// The first segment of `side` after record `i` that `accept` takes; kNoRecord if none.
template <class F>
RecordIndex first_after(const FlowHistory& flow, RecordIndex i, Side side, F accept) {
  for (++i; i < flow.records().size(); ++i) {
    const auto& record = flow.records()[i];
    if (record.side == side && !record.copy && accept(record)) return i;
  }
  return kNoRecord;
}

}  // namespace tcpautopsy

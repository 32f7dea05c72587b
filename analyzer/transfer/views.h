// What the parts of the transfer analysis are told beside a segment.
#pragma once

#include "analyzer/transfer/probe_kind.h"
#include "analyzer/transfer/sender_view.h"

namespace tcpautopsy {

struct Views {
  const SenderView& own;   // what was seen of the sender's sending before the segment
  const SenderView& peer;  // of the receiver's
  ProbeKind probe;         // what the segment is, by these
  bool plain;              // see plain()
  bool moves;              // acknowledges more of the peer's stream than any before; meaningful with plain
};

// As nearly all segments are: an ACK, with data perhaps, that follows on what was sent before, whole and
// unmarked.
inline bool plain(const PlacedSegment& s, ProbeKind probe) {
  constexpr std::uint16_t kOdd = kSyn | kFin | kRst | kUrg | kEce | kCwr | kAe;
  const TcpSegment& t = s.segment;
  return (t.flags & (kOdd | kAck)) == kAck && t.ecn == 0 && t.checksum == Checksum::Good &&
         t.options.sack_count == 0 && probe == ProbeKind::None && s.standing.in_order();
}

}  // namespace tcpautopsy

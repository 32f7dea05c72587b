// Segments that ask rather than carry: keep-alives and window probes. They are no retransmissions.
#pragma once

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"

namespace tcpautopsy {

enum class ProbeKind : std::uint8_t {
  None,
  KeepAlive,             // RFC 9293 3.8.4: an octet or none at SND.NXT-1 after idle time
  Window,                // 3.8.6.1: an octet at the edge of a closed window, or none at SND.UNA-1 (Linux)
  ClosedRetransmission,  // data sent again while the peer's window is 0: Linux, after a window that shrank
};

// What `segment` is, by what was seen before it. A keep-alive's look alone is not enough: an octet that was
// sent as a segment of its own, and is not acknowledged or was sent a retransmission timeout ago, is sent
// again.
ProbeKind probe_kind_of_odd(const PlacedSegment& segment, const SenderView& own, const SenderView& peer);
inline ProbeKind probe_kind(const PlacedSegment& s, const SenderView& own, const SenderView& peer) {
  if (!own.started && s.standing.keepalive) return probe_kind_of_odd(s, own, peer);
  const bool carries_on = s.segment.payload_length > 1 || (s.seq >= own.snd_nxt && s.seq >= own.snd_una);
  return carries_on && !own.ever_closed ? ProbeKind::None : probe_kind_of_odd(s, own, peer);
}

}  // namespace tcpautopsy

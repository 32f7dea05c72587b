// How a captured segment stands to those captured before it.
#pragma once

namespace tcpautopsy {

struct Standing {
  bool retransmission : 1 = false;  // every sequence number of it was sent before (SYN, data or FIN again)
  bool fills_gap : 1 = false;       // below sent_max, yet some of it not seen before
  bool after_gap : 1 = false;  // beyond sent_max: the capture missed something, or it will come out of order
  // 0 or 1 octet at SND.NXT-1 with no SYN, FIN, RST: the look of it. No octet that is known to be
  // unacknowledged, since probes are sent where nothing is outstanding (RFC 9293 3.8.4).
  bool keepalive : 1 = false;
  bool acks_unseen : 1 = false;  // acknowledges what the capture has not seen sent

  // Nothing of the kind: it follows on what was seen.
  bool in_order() const { return *this == Standing(); }
  bool operator==(const Standing&) const = default;
};

}  // namespace tcpautopsy

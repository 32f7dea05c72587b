// What the capture point has seen of one end's sending up to a moment, by the names of RFC 9293 3.3.1. It
// runs behind the sender by half a round trip: what passed may not have arrived, and what was sent may not
// have passed.
#pragma once

#include <array>
#include <cstdint>

#include "analyzer/transfer/placed_segment.h"

namespace tcpautopsy {

// The edges that the latest offers set if their windows were not scaled, and how the sender's data lie to
// them. A sender that takes the scale for absent stops at these, again and again, and never goes beyond.
struct UnscaledEdges {
  std::array<StreamOffset, 4> latest{};  // the sender may not have heard of the last of them
  std::uint32_t offers = 0;
  std::uint32_t stops = 0, beyond = 0;  // new segments that ended at one of them, or beyond all
  bool at_edge = false;                 // the last new segment did

  void offered(StreamOffset edge) { latest[offers++ % latest.size()] = edge; }
  void sent(StreamOffset data_end);
  bool obeyed() const { return stops >= 3 && stops >= 4 * beyond; }
};

struct SenderView {
  StreamOffset snd_nxt = 0;     // highest sequence end seen from it
  StreamOffset snd_una = 0;     // highest ACK of it seen; meaningful with acked
  StreamOffset right_edge = 0;  // highest ACK plus window offered to it; meaningful with edge_known, which
                                // an offer of unknown scale ends
  // Where the scale is not known: an edge that it was surely offered, since it sent that far into a window
  // of the same value before; 0 if nothing tells.
  StreamOffset least_edge = 0;
  UnscaledEdges unscaled;
  std::uint32_t snd_wnd = 0;  // latest window offered to it, in octets; meaningful with edge_known
  std::uint32_t largest = 0;  // payload of its largest segment; beyond the MSS where offload joins segments
  std::uint32_t smss = 0;     // from the MSS option that the peer sent, 0 if none was seen
  TimeNs heard_ns = 0;        // its last segment of any kind
  TimeNs sent_ns = 0;         // its last segment with SYN, data or FIN, retransmissions too
  TimeNs new_ns = 0;          // its last segment that went beyond snd_nxt
  TimeNs acked_ns = 0;        // when snd_una last moved
  StreamOffset new_seq = 0;   // where its last segment that went beyond snd_nxt began
  StreamOffset closed_edge = 0;  // the ACK that last closed the window offered to it; this and the next two
                                 // are meaningful with ever_closed
  TimeNs closed_ns = 0;          // when it was closed
  TimeNs opened_ns = 0;          // when it was opened; meaningful unless closed
  TimeNs probed_ns = 0;          // its last probe of a closed window; 0: none
  TimeNs probe_step_ns = 0;      // from the one before it, or from when the window closed
  std::uint64_t data_segments = 0;  // with payload, retransmissions too
  bool started = false;  // it sent something with a sequence number; the times above mean something
  bool acked = false, edge_known = false, fin_sent = false;
  bool fin_in_doubt = false;  // its FIN acknowledged what its peer had not shown: perhaps another sent that,
                              // and its receiver took nothing of it (RFC 9293 3.10.7.4, fifth check)
  std::uint16_t window_sent = 0;    // the latest window offered to it, as sent; not of a SYN
  std::uint16_t window_first = 0;   // the first such
  std::uint16_t window_of_syn = 0;  // the SYN's or SYN-ACK's, 0 if none was seen
  std::uint8_t least_shift = 0;     // it is shifted by so much or more
  bool closed = false;              // the window offered to it is 0, which means the same whatever the scale
  bool ever_closed = false;
  bool stopped = false;  // it had filled the window when that last closed

  // Octets seen sent and not seen acknowledged; may overstate what was under way by what was lost.
  std::uint64_t in_flight() const {
    return started && acked && snd_nxt > snd_una ? static_cast<std::uint64_t>(snd_nxt - snd_una) : 0;
  }
  // Whether it had filled the window when its peer closed it at `ack`.
  bool stopped_at(StreamOffset ack) const {
    const StreamOffset edge = edge_known ? std::max(right_edge, ack) : ack;
    return data_segments > 0 && edge - snd_nxt < StreamOffset{full_size()};
  }
  // A full-sized segment of it; 536 octets where nothing tells (RFC 9293 3.7.1).
  std::uint32_t full_size() const {
    if (smss == 0) return largest > 0 ? largest : 536;
    return largest > 0 && largest < smss ? largest : smss;
  }

  void sent(const PlacedSegment& segment);
  void probed(TimeNs time_ns);               // the window
  void heard(const PlacedSegment& of_peer);  // an ACK and window from its peer
};

}  // namespace tcpautopsy

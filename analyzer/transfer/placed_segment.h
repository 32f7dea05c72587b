// One captured segment with its place in both streams: what every part of the transfer analysis is fed.
#pragma once

#include <cstdint>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"
#include "analyzer/seq/standing.h"

namespace tcpautopsy {

// Offsets count from an origin that stays the same for all segments a tracker is fed, not always the SYN's
// number. `segment.payload` may be zeros that stand in for octets no longer held: only lengths and
// TcpSegment::payload_sum can be relied on.
struct PlacedSegment {
  const TcpSegment& segment;
  FrameRef frame;
  Side side = Side::A;                // the sender
  StreamOffset seq = 0;               // SEG.SEQ in the sender's stream
  StreamOffset ack = 0;               // SEG.ACK in the receiver's stream; meaningful only if has(kAck)
  StreamOffset sent_max = 0;          // before it: the highest end (SND.NXT) seen from its sender
  std::uint32_t new_bytes = 0;        // payload not seen before
  std::uint32_t window = 0;           // octets, scaled where the scale is known
  std::int64_t rtt_sender_ns = -1;    // capture point to its sender and back, the least so far; -1: not known
  std::int64_t rtt_receiver_ns = -1;  // to its receiver
  bool window_known = false;          // the scale is known, or the segment is a SYN, which is never scaled
  Standing standing{};
  std::uint32_t length = segment.sequence_length();  // SEG.LEN of RFC 9293 3.4: SYN and FIN count

  bool has(std::uint16_t mask) const { return (segment.flags & mask) == mask; }
  bool has_data() const { return segment.payload_length > 0; }
  bool pure_ack() const {
    return length == 0 && (segment.flags & (kRst | kAck)) == kAck && !standing.keepalive;
  }
  TimeNs time_ns() const { return frame.time_ns; }
  // First number after its payload, without its FIN.
  StreamOffset data_end() const { return seq + (has(kSyn) ? 1 : 0) + segment.payload_length; }
  StreamOffset end() const { return seq + length; }
};

}  // namespace tcpautopsy

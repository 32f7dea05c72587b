// What each segment of one connection measures, one by one as they are captured: places in the streams,
// windows, octets in flight, round trips. What graphs show.
#pragma once

#include <cstdint>

#include "analyzer/decode/tcp_options.h"
#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"
#include "analyzer/transfer/send_log.h"
#include "analyzer/transfer/sender_knowledge.h"
#include "analyzer/transfer/sender_view.h"

namespace tcpautopsy {

// One segment. Offsets count from the first number seen of each stream, which has the wire form base().
struct SegmentMeasures {
  FrameRef frame;
  StreamOffset seq = 0;
  StreamOffset ack = 0;       // meaningful with kAck
  std::uint32_t payload = 0;  // octets
  std::uint32_t window = 0;   // octets; as sent where the scale is not known
  // After it, of its sender's data; of a segment without data, of its receiver's.
  std::uint64_t in_flight = 0;
  std::uint64_t congestion = 0;  // most that was in flight in this round trip and the one before; 0: unknown
  TimeNs rtt_ns = -1;            // the round trip that this ACK ends, by Karn's rule; -1 for none
  std::uint16_t flags = 0;       // TcpFlag
  Side side = Side::A;           // the sender
  bool window_known : 1 = false;
  bool resent : 1 = false;  // all of it was sent before
  bool late : 1 = false;    // beyond it more was sent before, yet not this
  bool probe : 1 = false;   // a keep-alive or window probe

  Side in_flight_of() const { return payload > 0 ? side : other(side); }
};

// Of a connection with itself nothing is told: which end sent what is not known.
class SegmentMeter {
 public:
  SegmentMeasures add(Side sender, const TcpSegment& segment, const FrameRef& frame);

  // The number on the wire of the stream's offset 0.
  Seq base(Side side) const { return ends_[index(side)].base; }

 private:
  struct End {
    Seq base;
    bool has_base = false, syn_seen = false;
    TcpOptions syn_options;
    SenderView view;
    SendLog log;
    FlightRounds rounds;
  };

  void learn(End& own, End& peer, const TcpSegment& segment);
  void judge(SegmentMeasures& measures, const PlacedSegment& placed, const End& own) const;

  PerSide<End> ends_;
};

}  // namespace tcpautopsy

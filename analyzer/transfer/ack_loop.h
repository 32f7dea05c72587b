// Empty ACKs that answer empty ACKs: each end takes the other's for unacceptable, and answers by its own
// numbers (RFC 9293 3.10.7.4), which the other finds unacceptable in turn.
#pragma once

#include "analyzer/transfer/incidents.h"
#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class AckLoop {
 public:
  void add(const PlacedSegment& segment, const Views&) {
    if (segment.length == 0 || run_ > 0) return follow(segment);
    latest_[0].known = latest_[1].known = false;
  }
  void finish(const PerSide<SenderView>&, TimeNs last_ns, TransferResults& facts);

 private:
  struct Ack {
    StreamOffset seq = 0, ack = 0;
    bool known = false;
  };

  void follow(const PlacedSegment& segment);
  bool goes_on(const PlacedSegment& segment) const;
  void end();

  PerSide<Ack> latest_;
  FrameRef first_, last_;
  Side last_side_ = Side::A;
  std::uint64_t run_ = 0;  // ACKs, each of another end than the one before and like the last of its own
  Incidents loops_;
  std::uint64_t acks_ = 0;
};

}  // namespace tcpautopsy

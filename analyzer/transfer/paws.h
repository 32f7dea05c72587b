// Segments that their receiver refuses for their timestamps (PAWS, RFC 7323 5.3): it answers them by an ACK
// that echoes a later timestamp, and takes nothing of them.
#pragma once

#include "analyzer/transfer/mark_results.h"
#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

class Paws {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(PerSide<MarkResults>& facts);

 private:
  // The latest segment of one end that its peer has to take note of, and has not yet.
  struct Sent {
    FrameRef frame;
    StreamOffset end = 0;  // of its data
    StreamOffset ack = 0;
    std::uint32_t ts_val = 0;
    bool has_data = false, open = false;
  };

  void judge(const PlacedSegment& answer);
  bool taken(const Sent& sent, const PlacedSegment& answer) const;

  PerSide<Sent> latest_;
  PerSide<std::uint32_t> newest_{};  // the latest TSval of each end
  PerSide<bool> any_{};              // it has sent one
  PerSide<PawsFacts> facts_;
};

}  // namespace tcpautopsy

// Small segments that wait, and what for.
#pragma once

#include "analyzer/stream/placed_segment.h"
#include "analyzer/stream/sender_view.h"

namespace tcpautopsy {

struct TransferFacts;

class SmallSends {
 public:
  void add(const PlacedSegment& segment, const PerSide<SenderView>& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferFacts& facts);
};

}  // namespace tcpautopsy

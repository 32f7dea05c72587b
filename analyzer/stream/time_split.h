// Where the time of a connection went.
#pragma once

#include "analyzer/stream/placed_segment.h"
#include "analyzer/stream/sender_view.h"

namespace tcpautopsy {

struct TransferFacts;

class TimeSplit {
 public:
  void add(const PlacedSegment& segment, const PerSide<SenderView>& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferFacts& facts);
};

}  // namespace tcpautopsy

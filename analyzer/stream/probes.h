// Keep-alives, and what answers them.
#pragma once

#include "analyzer/stream/placed_segment.h"
#include "analyzer/stream/sender_view.h"

namespace tcpautopsy {

struct TransferFacts;

class Probes {
 public:
  void add(const PlacedSegment& segment, const PerSide<SenderView>& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferFacts& facts);
};

}  // namespace tcpautopsy

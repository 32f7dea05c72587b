// Which data were sent again, and why; what overtook what; what the capture missed; round trips.
#pragma once

#include "analyzer/stream/placed_segment.h"
#include "analyzer/stream/resend_watch.h"
#include "analyzer/stream/sender_view.h"
#include "analyzer/stream/views.h"

namespace tcpautopsy {

struct TransferFacts;

class Resends {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferFacts& facts);

 private:
  PerSide<ResendWatch> watches_;  // of who sends
  bool sack_unused_ = false;      // a SYN did not permit it
};

}  // namespace tcpautopsy

// Which data were sent again, and why; what overtook what; what the capture missed; round trips.
#pragma once

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/retransmission_watch.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class Retransmissions {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  // `sender` is told that what it sent at `seq` was too big for the path.
  void too_big(Side sender, StreamOffset seq, TimeNs time_ns) {
    watches_[index(sender)].shrinks(seq, time_ns);
  }
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

  std::size_t octets() const { return watches_[0].octets() + watches_[1].octets(); }  // as of each

 private:
  PerSide<RetransmissionWatch> watches_;  // of who sends
  bool sack_unused_ = false;              // a SYN did not permit it
};

}  // namespace tcpautopsy

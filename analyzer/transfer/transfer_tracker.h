// Follows the data of one connection: hands each segment to the parts that look for what slowed or broke it.
#pragma once

#include <memory>

#include "analyzer/transfer/ack_loop.h"
#include "analyzer/transfer/marks.h"
#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/probes.h"
#include "analyzer/transfer/retransmissions.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/small_sends.h"
#include "analyzer/transfer/time_split.h"
#include "analyzer/transfer/transfer_results.h"
#include "analyzer/transfer/turns.h"
#include "analyzer/transfer/windows.h"

namespace tcpautopsy {

// A part has `add(segment, views)`, where the views are of what was seen before this segment, and
// `finish(views, last_ns, facts)`. Its memory is bounded whatever the flow carries.
class TransferTracker {
 public:
  // `long_way`: no segment is taken for plain, and each part does all it would for any.
  explicit TransferTracker(bool long_way = false) : long_way_(long_way) {}

  // In the order captured, without packets captured twice and without segments of other incarnations.
  void add(const PlacedSegment& segment);
  // An ICMP error tells `sender` that its segment at `seq` was too big for the path.
  void too_big(Side sender, StreamOffset seq, TimeNs time_ns) {
    retransmissions_.too_big(sender, seq, time_ns);
  }
  // Of the segments so far.
  const ChecksumFacts& checksums(Side side) const { return marks_.checksums(side); }
  std::size_t octets() const { return retransmissions_.octets(); }  // of what grows most, beside itself
  // Decides what waited for later evidence; `last_ns` is the time of the flow's last packet.
  std::shared_ptr<const TransferResults> finish(TimeNs last_ns);

 private:
  PerSide<SenderView> views_;
  Retransmissions retransmissions_;
  Windows windows_;
  Probes probes_;
  SmallSends small_sends_;
  Marks marks_;
  TimeSplit time_split_;
  Turns turns_;
  AckLoop ack_loop_;
  bool long_way_;
};

}  // namespace tcpautopsy

// Congestion marks, urgent data, wrong checksums, numbers that fit nothing sent, old timestamps.
#pragma once

#include "analyzer/transfer/ecn_marks.h"
#include "analyzer/transfer/mark_results.h"
#include "analyzer/transfer/paws.h"
#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class Marks {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  // Of the segments so far that this side sent.
  const ChecksumFacts& checksums(Side side) const { return facts_[index(side)].checksums; }
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

 private:
  // The latest segment of one end with a wrong checksum that must be acknowledged, its fate not known yet.
  struct WrongSegment {
    StreamOffset seq = 0, end = 0;
    bool open = false;
  };

  void check(const PlacedSegment& segment);
  void compare(const PlacedSegment& ack, const SenderView& data_sender);

  EcnMarks ecn_;
  Paws paws_;
  PerSide<MarkResults> facts_;
  PerSide<WrongSegment> wrong_;
  PerSide<StreamOffset> last_seq_{};
  bool marked_ = false;  // something before bears on segments that are plain themselves
};

}  // namespace tcpautopsy

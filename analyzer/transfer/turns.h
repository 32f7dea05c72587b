// Who speaks, for how long, and how soon the other answers.
#pragma once

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/turn_results.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class Turns {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

 private:
  void begin(const PlacedSegment& segment, const SenderView& peer);
  void acknowledged(const PlacedSegment& segment);
  void retransmitted(const PlacedSegment& segment, const SenderView& sender);
  void end_turn();

  TurnResults facts_;
  Turn now_;
  StreamOffset end_ = 0;            // of now_
  bool speaking_ = false;           // now_ means something
  bool sent_again_ = false;         // the end of it was
  PerSide<std::uint64_t> write_{};  // octets since the last PSH
};

}  // namespace tcpautopsy

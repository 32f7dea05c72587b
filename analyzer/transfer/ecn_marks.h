// Congestion marks, their echoes, and whether the sender slowed down.
#pragma once

#include <memory>

#include "analyzer/transfer/mark_results.h"
#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

class EcnMarks {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  // Congestion marks or echoes were seen.
  bool any() const { return directions_[0] || directions_[1]; }
  // Into the sides' `ecn`.
  void finish(PerSide<MarkResults>& facts);

 private:
  // How much one end sends in a round trip, before an echo and after it.
  struct Pace {
    TimeNs epoch_ns = 0, judged_from_ns = 0;
    std::uint64_t epoch_bytes = 0, last_epoch_bytes = 0, before_bytes = 0;
    bool judging = false;
  };
  struct Direction {
    EcnFacts facts;
    Pace pace;
    std::uint8_t counter = 0;   // ACE as its sender last had it
    std::uint8_t counters = 0;  // how many were seen, up to 2
    bool echoing = false;       // the peer's last ACK had ECE
  };

  void open(const PlacedSegment& syn);
  Direction& of(Side side);
  void echo(const PlacedSegment& ack, const SenderView& data_sender);
  void step(const PlacedSegment& ack, const SenderView& data_sender);
  void sent(const PlacedSegment& segment);
  static void judge(const PlacedSegment& ack, const SenderView& data_sender, Pace& pace);

  PerSide<std::unique_ptr<Direction>> directions_;  // by the data's sender; none while there is no ECN
  std::uint16_t syn_flags_ = 0;
  bool syn_seen_ = false;
  EcnMode mode_ = EcnMode::Unknown;
};

}  // namespace tcpautopsy

// Whether large segments of one end vanish while small ones arrive: a path MTU that nobody tells it of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/probe_results.h"
#include "analyzer/transfer/sender_view.h"

namespace tcpautopsy {

class StuckSize {
 public:
  // A segment with data of the sender, whose view is `own`.
  void sent(const PlacedSegment& segment, const SenderView& own);
  // One of its segments is sent again and again.
  bool stuck() const { return stuck_ != nullptr; }
  // An ACK of its peer. Without SACK, it tells nothing unless it moves on or a segment is stuck.
  void acknowledged(const PlacedSegment& segment, const SenderView& own);
  void finish(StuckSizeFacts& facts);

 private:
  struct Pending {
    StreamOffset end = 0;
    std::uint32_t payload = 0;
  };
  // The segment at SND.UNA, sent again.
  struct Stuck {
    StreamOffset seq = 0;
    std::uint32_t last_payload = 0;
    std::uint32_t smallest_lost = 0;  // of smaller ones that were sent in its place, and again; 0: none was
    TimeNs last_ns = 0;
    StuckSizeFacts now, told;
  };

  void arrived_up_to(StreamOffset ack);
  void conclude(TimeNs until_ns);

  // Of payloads larger than any that arrived: the lowest place each was sent at, larger ones later.
  std::array<Pending, 3> pending_{};
  std::size_t count_ = 0;
  std::uint32_t arrived_ = 0;  // the largest payload of a segment that was acknowledged
  std::uint32_t sacked_ = 0;   // the longest stretch SACKed since SND.UNA moved
  std::unique_ptr<Stuck> stuck_;
};

}  // namespace tcpautopsy

// Whether a sender was held back by the window it was offered, and for how much of its sending time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/window_results.h"

namespace tcpautopsy {

// The capture point sees an offer before the sender does, and what the sender makes of it a round trip later.
// So what a segment leaves of the window is judged by the edge that had passed that long before. The time
// lag is taken a little too long and the edges a little too far apart: a sender that uses more than about 90
// % of a window may be told as limited by it, one that uses less never.
class WindowLimit {
 public:
  // An ACK of the receiver moved the right edge to here.
  void offered(TimeNs time_ns, StreamOffset edge, TimeNs rtt_sender_ns);
  // A segment with data of the sender, whose view is `own`.
  void sent(const PlacedSegment& segment, const SenderView& own);
  void finish(WindowResults& advertiser);

 private:
  struct Offer {
    TimeNs time_ns = 0;
    StreamOffset edge = 0;
  };
  static constexpr std::size_t kOffers = 64;

  const Offer& offer(std::uint64_t i) const { return offers_[i % kOffers]; }
  // Moves to the latest offer known to the sender, which sent up to there; tells when the first came that let
  // it go on.
  void advance(TimeNs known_ns, StreamOffset sent_to);
  void account(const PlacedSegment& segment, const SenderView& own, TimeNs delay);

  std::array<Offer, kOffers> offers_;
  std::uint64_t total_ = 0, known_ = 0;  // offers made; the one after the latest that the sender knows
  FrameRef last_;                        // its last segment with data
  StreamOffset wanted_ = 0;              // an edge that lets it send one more full segment after that
  TimeNs let_go_ns_ = 0;                 // when the first such offer passed
  std::uint32_t window_ = 0;             // it had filled
  bool waiting_ = false, let_go_ = false;
  bool judged_ = false;  // some offer was known to it by then
  WindowLimitFacts facts_;
  Incidents limited_;
};

}  // namespace tcpautopsy

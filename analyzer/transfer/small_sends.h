// Small segments that wait, and what for: an acknowledgment that the peer delays, or a timer of the sender.
#pragma once

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/small_send_results.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class SmallSends {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

 private:
  // The latest new data of one end, while nothing but their acknowledgment has passed since.
  struct Latest {
    FrameRef sent, acked;
    StreamOffset end = 0;
    StreamOffset edge = 0;  // to which its sender might send when they left; with edge_known no further
    TimeNs excess_ns = -1;  // by which the ACK came later than the path takes; -1 where that is not known
    std::uint32_t length = 0;
    std::uint32_t ts_val = 0;  // of the segment; once acknowledged, of the ACK
    bool has_timestamps = false;
    bool known = false, is_acked = false, edge_known = false;
    bool small = false, full = false;
    bool answered = false;  // the peer sent data since: what follows may be the application's reaction
  };
  struct TinyBurst {
    FrameRef first, last;
    std::uint32_t segments = 0, bytes = 0;
  };

  void acknowledged(const PlacedSegment& ack, Latest& latest);
  static bool peers_data_under_way(const PlacedSegment& data, const SenderView& peer);
  void sent(const PlacedSegment& data, const Views& views);
  void follow(const PlacedSegment& next, bool small, const Latest& latest);
  void follow_late(const PlacedSegment& next, bool small, const Latest& latest);
  void follow_prompt(const PlacedSegment& next, const Latest& latest);
  void follow_corked(const PlacedSegment& next, const Latest& latest);
  void count_tiny(const PlacedSegment& data);
  void end_burst(Side side);

  PerSide<Latest> latest_;
  PerSide<StreamOffset> troubled_{};  // data below this was lost, reordered or missed
  PerSide<TinyBurst> bursts_;
  PerSide<SmallSendResults> facts_;
};

}  // namespace tcpautopsy

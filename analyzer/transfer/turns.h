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
  struct Spread {
    std::uint32_t count = 0;
    double mean = 0, squares = 0;  // seconds; squares of the differences from the mean, summed up
    void add(TimeNs value);
    double variance() const { return count > 1 ? squares / (count - 1) : 0; }
  };
  // When an end that was silent for a while sends, and how long that is after what the other sent.
  struct Pace {
    Spread intervals, waits;
    TimeNs began_ns = 0, last_ns = 0;
    bool begun = false;
    void sent(TimeNs time_ns);
    bool its_own() const;
  };

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
  PerSide<Pace> paces_{};
};

}  // namespace tcpautopsy

// Keep-alives and what answers them, and data that meets silence.
#pragma once

#include <memory>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/probe_results.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/stuck_size.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class Probes {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

 private:
  struct KeepAlives {
    ProbeResults facts;  // its first part
    TimeNs last_ns = 0;
    StreamOffset last_ack = 0;
    bool waiting = false;  // the last has no answer yet
  };
  struct Unheard {
    UnheardFacts facts;
    TimeNs last_ns = 0;
  };
  struct AfterSilence {
    SilenceFacts facts;
    StreamOffset begin = 0;  // of the data
  };
  struct Sender {
    std::unique_ptr<KeepAlives> keepalives;
    std::unique_ptr<Unheard> unheard;
    std::unique_ptr<AfterSilence> silence;
    StuckSize size;

    bool asks() const { return keepalives || unheard || silence; }
  };

  void probed(const PlacedSegment& segment, const Views& views);
  void data(const PlacedSegment& segment, const Views& views);
  // The peer of `asker` sent this.
  void answered(const PlacedSegment& segment, Sender& asker);
  // Hardly a timer's doing, since a silence as long was survived.
  bool survived(TimeNs silence_ns) const { return silence_ns - silence_ns / 8 <= survived_ns_; }
  // What `sender` sends shows that it got something from its peer that was not captured.
  static void heard_unseen(Sender& sender);
  static void gave_up(const PlacedSegment& rst, Sender& sender);

  PerSide<Sender> senders_;
  FrameRef last_;  // segment of either end
  bool started_ = false;
  bool asked_ = false;      // either end, at any time
  TimeNs survived_ns_ = 0;  // the longest silence after which data were answered
};

}  // namespace tcpautopsy

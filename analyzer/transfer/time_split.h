// Where the time of a connection went. The time since the last segment with a sequence number is charged,
// when the next passes, to what held that one back.
#pragma once

#include <limits>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_knowledge.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/time_results.h"
#include "analyzer/transfer/views.h"

namespace tcpautopsy {

struct TransferResults;

class TimeSplit {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

 private:
  struct Sending {
    SenderKnowledge knowledge;
    FlightRounds flight;
    SenderKnowledge::State at_last_send;                                     // what it knew then
    StreamOffset recovery_point = std::numeric_limits<StreamOffset>::min();  // RFC 6675 2, of loss seen
    TimeNs hole_ns = 0;                   // since when something is missing of what it sent
    TimeNs closed_ns = 0, opened_ns = 0;  // its peer's window, since the last data
    HeldBy cause = HeldBy::Sender;        // of its last wait in the middle of a turn
    std::uint32_t last_length = 0;
    bool hole = false, closed = false, opened = false, probed = false, started = false;
  };
  struct Now;  // a segment being judged

  void start(const PlacedSegment& segment);
  void judge(const PlacedSegment& segment, const Views& views);
  bool judge_loss(const Now& now);
  bool judge_zero_window(const Now& now);
  void judge_data(const Now& now);
  void judge_end(const Now& now);
  HeldBy held_by(const Now& now, bool released) const;
  bool held_by_ack(const Now& now) const;
  bool held_by_congestion(const Now& now, bool released) const;
  void wait_for(Side side, TimeNs until, bool with_network);
  void note_sent(const Now& now);
  void note_window(const PlacedSegment& segment);
  void set_back(TimeNs by);
  void charge(HeldBy cause, Side side, TimeNs until);

  TimeResults facts_;
  PerSide<Sending> sending_;
  PerSide<std::int64_t> rtt_ns_{-1, -1};  // capture point to that end and back
  TimeNs mark_ns_ = 0;                    // all before is charged
  Side speaker_ = Side::A;                // of the last data, or who opened
  Side last_side_ = Side::A;              // and cause of the last charge
  HeldBy last_cause_ = HeldBy::Handshake;
  bool started_ = false, opening_ = false, spoken_ = false, closing_ = false;
};

}  // namespace tcpautopsy

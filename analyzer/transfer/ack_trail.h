// What the acknowledgments told one sender before it sent something again: duplicate ACKs (RFC 5681 2) and
// SACK blocks (RFC 2018, 2883), with the times at which they passed.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"

namespace tcpautopsy {

// Stretches reported by SACK above the cumulative ACK. The lowest are given up beyond kMost.
class SackBoard {
 public:
  static constexpr std::size_t kMost = 16;
  struct Stretch {
    StreamOffset begin = 0, end = 0;
    TimeNs since_ns = 0;  // when some of it was first reported
  };

  // True if it tells anything new.
  bool add(StreamOffset begin, StreamOffset end, TimeNs now_ns);
  void acknowledge(StreamOffset una);
  bool empty() const { return stretches_.empty(); }
  bool holds(StreamOffset begin, StreamOffset end) const;
  bool touches(StreamOffset begin, StreamOffset end) const;  // holds some of it
  // When a stretch at or above this number was first reported; -1 if none was.
  TimeNs above_since(StreamOffset at) const;

 private:
  std::vector<Stretch> stretches_;  // by begin, apart
};

// A stretch that the receiver says it got more than once (RFC 2883).
struct DsackReport {
  bool any = false;
  StreamOffset begin = 0, end = 0;
};

class AckTrail {
 public:
  // An acknowledgment of what `sender` sent: `sender` is what was seen of it before.
  DsackReport heard(const PlacedSegment& ack, const SenderView& sender);
  // The window of an ACK that tells nothing else.
  void window_is(std::uint16_t as_sent) {
    window_ = as_sent;
    window_heard_ = true;
  }

  std::uint64_t duplicate_acks() const { return duplicates_; }  // RFC 5681 2, over all
  std::uint32_t duplicates_now() const { return now_; }         // since the cumulative ACK last moved
  TimeNs duplicates_since_ns() const { return first_ns_; }      // the first of those
  TimeNs third_duplicate_ns() const { return third_ns_; }
  TimeNs news_ns() const { return news_ns_; }  // the last ACK that moved on, was a duplicate or told by SACK
  StreamOffset una_before() const { return una_before_; }  // the cumulative ACK before it last moved
  const SackBoard& board() const { return board_; }
  // When the receiver first told that this was missing, though it has come since: what the sender heard last
  // is older than what has passed. -1 if it told no such thing of late.
  TimeNs missed_since(StreamOffset at) const;

 private:
  // A gap that was told and then filled.
  struct Mended {
    StreamOffset begin = 0, end = 0;
    TimeNs since_ns = 0;
  };
  static constexpr std::size_t kMended = 4;  // the latest

  bool duplicate(const PlacedSegment& ack, const SenderView& sender) const;
  bool read_sack(const PlacedSegment& ack, const SenderView& sender, DsackReport& report);

  void remember_gap(StreamOffset una, StreamOffset ack);

  SackBoard board_;
  std::vector<Mended> mended_;
  std::uint64_t duplicates_ = 0;
  TimeNs first_ns_ = 0, third_ns_ = 0, news_ns_ = 0;
  StreamOffset una_before_ = 0;
  std::uint32_t now_ = 0;
  std::uint16_t window_ = 0;  // as sent, of the last ACK
  bool window_heard_ = false;
};

}  // namespace tcpautopsy

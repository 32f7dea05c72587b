// What a sender knew when it sent what passes the capture point now: the acknowledgments that passed toward
// it a round trip ago, no later ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/transfer/placed_segment.h"

namespace tcpautopsy {

class SenderKnowledge {
 public:
  // What its peer's acknowledgments had told it.
  struct State {
    StreamOffset una = 0;   // meaningful with acked
    StreamOffset edge = 0;  // meaningful with edge_known
    TimeNs acked_ns = 0;    // when the ACK that moved `una` last passed the capture point
    TimeNs edge_ns = 0;     // the one that moved `edge`
    bool acked = false, edge_known = false;
  };

  // An ACK and window pass toward it; `rtt_ns` from the capture point to it and back, -1 if unknown.
  void told(const PlacedSegment& by_peer, std::int64_t rtt_ns);
  // It sent what passes at `now`.
  const State& at(TimeNs now, std::int64_t rtt_ns);

 private:
  static constexpr std::size_t kMostPending = 64;
  // What passes within a fraction of the round trip is told together, as late as the last of it.
  struct News {
    TimeNs first_ns = 0, last_ns = 0;
    State state;
  };

  // Into latest_. False where it tells nothing new.
  bool learn(const PlacedSegment& by_peer);

  State latest_, known_;  // the same while nothing is pending
  // What it has not heard yet, from `next_` on. Empty where the capture point is next to it.
  std::vector<News> pending_;
  std::size_t next_ = 0;
};

// Octets in flight, round trip by round trip: tells whether the congestion window holds a sender back, and
// whether it still opens as in slow start (RFC 5681 3.1).
class FlightRounds {
 public:
  // It sent up to `end` with all below `una` acknowledged as far as it knew. `held`: the congestion window
  // held it.
  void sent(StreamOffset end, StreamOffset una, bool held);
  void lost() { slow_start_ = false; }
  bool slow_start() const { return slow_start_; }
  std::uint64_t most() const { return most_; }  // octets, in this round trip and the one before
  // More than in this round trip and the one before.
  bool beyond(std::uint64_t flight) const { return flight > most_; }
  // As much as then, or nearly.
  bool full(std::uint64_t flight) const { return flight * 5 >= most_ * 4; }

 private:
  std::uint64_t before_ = 0, now_ = 0, most_ = 0;
  StreamOffset round_end_ = 0;
  bool slow_start_ = true, held_ = false;
};

}  // namespace tcpautopsy

// What SmallSends found of one end.
#pragma once

#include <cstdint>

#include "analyzer/transfer/incidents.h"

namespace tcpautopsy {

// Segments that left just when the late ACK of the one before had come. Each shows the segment, its ACK and
// the one that followed; its time is by how much the ACK came later than the path takes.
struct LateAckStalls {
  Incidents incidents;
  std::uint64_t followed_later = 0;  // the next segment came soon after such an ACK, but not upon it

  // The sender waited: it did not follow by chance.
  bool certain_wait() const {
    return incidents && incidents.count() >= 2 * followed_later &&
           (incidents.count() >= kFewest || incidents.longest_ns() > kLongOne);
  }

 private:
  static constexpr std::uint64_t kFewest = 2;
  static constexpr TimeNs kLongOne = 100 * kMillisecond;
};

struct SmallSendResults {
  LateAckStalls small_waits;  // of a small segment after a small one
  LateAckStalls other_waits;  // one of the two was no small one
  // Of a small segment after a small one whose ACK was not late: the wait is a round trip, which is their
  // time.
  LateAckStalls round_trip_waits;
  std::uint64_t not_waiting = 0;  // small segments sent while a small one was unacknowledged
  Incidents corked;               // partial segments that followed a full one about 200 ms late
  std::uint64_t not_corked = 0;   // those that followed at another pace
  Incidents tiny_bursts;          // each shows its first and its last segment; its time is the burst's
  std::uint64_t tiny_segments = 0, tiny_bytes = 0;  // of these bursts

  // Nagle's algorithm (RFC 9293 3.7.4) is on, and costs time.
  bool held_by_nagle() const {
    return small_waits.certain_wait() && not_waiting * 2 <= small_waits.incidents.count();
  }
  // The same where the peer delays no ACK: each wait is a round trip. `busy_ns` is the time of the connection
  // in which no application kept it waiting.
  bool held_a_round_trip(TimeNs busy_ns) const {
    const Incidents& waits = round_trip_waits.incidents;
    return waits.count() >= kManyWaits && waits.count() >= 2 * round_trip_waits.followed_later &&
           not_waiting * 2 <= waits.count() && waits.total_ns() >= busy_ns / kShare;
  }

 private:
  static constexpr std::uint64_t kManyWaits = 5;
  static constexpr TimeNs kShare = 10;
};

}  // namespace tcpautopsy

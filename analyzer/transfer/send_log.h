// What one end was seen to send and when, kept until it is acknowledged and a little beyond: by it a segment
// sent again is told from a new one, and a round trip is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/transfer/placed_segment.h"

namespace tcpautopsy {

class SendLog {
 public:
  // One segment, or a part of one of which another part was sent again, or neighbours joined for want of
  // room.
  struct Entry {
    StreamOffset begin = 0;
    TimeNs sent_ns = 0;                     // the last time
    std::uint32_t length = 0;               // sequence numbers: SYN and FIN count
    std::uint32_t ts_val = 0;               // of the last sending
    std::uint16_t ip_id = 0, checksum = 0;  // of the last sending
    std::uint16_t payload_sum = 0;          // of the first; meaningful with whole
    std::uint8_t times = 1;                 // it was sent
    bool retimed = false;                   // its last sending bore another TSval than the one before
    bool whole = false;                     // exactly the payload of one segment, whose sum is known

    StreamOffset end() const { return begin + length; }
  };
  // What an ACK takes off.
  struct Acknowledged {
    bool any = false;       // at least one entry in full
    bool repeated = false;  // some of it had been sent more than once
    std::uint32_t entries = 0;
    Entry last;                                     // the highest taken, as it was
    StreamOffset unseen_begin = 0, unseen_end = 0;  // the last stretch that was never seen sent
  };
  static constexpr std::size_t kKept = 16;    // entries acknowledged that are remembered
  static constexpr std::size_t kMost = 2048;  // entries in all; beyond, neighbours are joined

  bool empty() const { return head_ == entries_.size(); }
  std::size_t octets() const { return entries_.capacity() * sizeof(Entry); }  // beside itself
  // What of it was seen before was sent once more; the rest is new, in order or into a gap.
  void sent(const PlacedSegment& segment);
  Acknowledged acknowledge(StreamOffset una);

  // The entry that holds this number; null if it is not remembered or was not seen.
  const Entry* find(StreamOffset at) const;
  // The first one that begins at or after it; null if none.
  const Entry* after(StreamOffset at) const;
  // Entries from `begin` on that lie within [begin, end), without gaps; calls each(entry). False if they do
  // not cover it exactly.
  template <class F>
  bool covering(StreamOffset begin, StreamOffset end, F each) const {
    for (const Entry* entry = find(begin); entry != nullptr; entry = find(begin)) {
      if (entry->begin != begin || entry->end() > end) return false;
      each(*entry);
      begin = entry->end();
      if (begin == end) return true;
    }
    return false;
  }

 private:
  std::size_t lower(StreamOffset at) const;  // first entry whose end is beyond `at`
  void split(StreamOffset at);
  void sent_among(const Entry& fresh);  // not beyond the last entry
  void insert(std::size_t where, Entry entry);
  void forget_acknowledged();
  void join_neighbours();

  std::vector<Entry> entries_;      // by begin, apart; those before head_ are given up
  std::size_t head_ = 0, una_ = 0;  // first entry not given up; first not acknowledged in full
  StreamOffset seen_to_ = 0;        // acknowledged, and seen or told to be unseen, up to here
  bool begun_ = false;
};

}  // namespace tcpautopsy

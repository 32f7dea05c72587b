// The kept records of one flow in captured order, and per side the one that still may be folded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/flow/flow_trace.h"

namespace tcpautopsy {

class RecordLog {
 public:
  // For good. Whatever was pending before it is kept too, so that the order stays.
  void keep(const SegmentRecord& record, std::size_t max_records);
  // For good, unless more than kLateBound such come: then the oldest of them are folded. What is pending goes
  // along.
  void keep_late(const SegmentRecord& record, std::size_t max_records);
  // A place for a record that stays until the next of its side: the pending one of that side, if any, is
  // folded into it. The place holds nothing but what was folded.
  SegmentRecord& pend(Side side);
  // Keeps what is pending, for good or as keep_late() does.
  void flush(bool late = false);

  // The stream of `side` is counted from another number: what is here of it lies `by` further on.
  void shift(Side side, StreamOffset by);

  std::uint64_t left_out() const { return left_out_; }
  std::size_t octets() const { return kept_.capacity() * sizeof(Kept); }  // beside itself
  std::vector<SegmentRecord> take(std::size_t max_records);

 private:
  static constexpr std::size_t kLateBound = 192;
  static constexpr std::size_t kSlack =
      64;  // by how much a bound may be passed, so that enforcing it is amortised
  struct Kept {
    SegmentRecord record;
    bool late = false;
  };
  struct Pending {
    SegmentRecord record;
    bool held = false;
  };
  // What was dropped of a side since its last record, to be counted by its next.
  struct Folded {
    std::uint32_t packets = 0;
    std::uint64_t bytes = 0;
  };

  void append(const SegmentRecord& record, bool late);
  void drop_oldest_late();
  void drop_middle(std::size_t max_records);

  std::vector<Kept> kept_;
  PerSide<Pending> pending_;
  PerSide<Folded> carried_;
  Side pending_first_ = Side::A;
  std::size_t late_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace tcpautopsy

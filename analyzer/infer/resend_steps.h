// One thing sent again and again, and how far apart: what a back-off shows of its timer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/infer/segment_ref.h"

namespace tcpautopsy {

// A thing sent, and each time it was sent again, in order. What was sent but once takes no memory of its own.
struct Sendings {
  SegmentRef first;
  std::vector<SegmentRef> again;

  bool empty() const { return !first; }
  std::size_t count() const { return empty() ? 0 : 1 + again.size(); }
  const SegmentRef& last() const { return again.empty() ? first : again.back(); }
  TimeNs span_ns() const { return last().time_ns() - first.time_ns(); }
  void add(const SegmentRef& segment);
  std::vector<TimeNs> steps() const;  // from each to the next
};

// How far apart something was sent again. Linux from 6.5 on sends a SYN four or so times a second apart
// before it doubles.
enum class Steps : std::uint8_t { Unknown, Flat, Doubling, FlatThenDoubling, Irregular };
std::string_view name(Steps steps);  // "flat", "doubling", "flat, then doubling"
Steps steps_of(std::span<const TimeNs> steps);
// The last two are alike, and as long as a timer's bound may be (RFC 6298 2.4): steps grow no more.
bool at_their_bound(TimeNs before_last, TimeNs last);
// The longest that the next step should take after these; with none, the first step is the RFC 6298 (2.1)
// initial timeout of 1 s.
TimeNs next_step(std::span<const TimeNs> steps);

}  // namespace tcpautopsy

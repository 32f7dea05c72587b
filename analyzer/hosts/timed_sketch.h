// How values are spread, by time: one sketch for each of a few spans of equal length.
#pragma once

#include <cstddef>
#include <map>

#include "analyzer/transfer/log_sketch.h"

namespace tcpautopsy {

// Spans begin at some 8.6 s and double as the capture grows, so that there are never more than kMost of them.
// The same whatever the order values come in and parts are merged.
class TimedSketch {
 public:
  static constexpr std::size_t kMost = 64;

  void add(TimeNs at_ns, TimeNs value) { ++count_, spans_[at_ns >> shift_].add(value), coarsen(); }
  void merge(const TimedSketch& part) {
    while (shift_ < part.shift_) double_spans();
    for (const auto& [span, sketch] : part.spans_) spans_[span >> (shift_ - part.shift_)].merge(sketch);
    count_ += part.count_;
    coarsen();
  }

  std::uint64_t count() const { return count_; }
  TimeNs span_ns() const { return TimeNs{1} << shift_; }
  // Calls `f(begin of the span, sketch)` in order of time.
  template <class F>
  void each(F f) const {
    for (const auto& [span, sketch] : spans_) f(span << shift_, sketch);
  }

 private:
  void coarsen() {
    while (spans_.size() > kMost) double_spans();
  }
  void double_spans() {
    std::map<TimeNs, LogSketch> longer;
    for (const auto& [span, sketch] : spans_) longer[span >> 1].merge(sketch);
    spans_ = std::move(longer);
    ++shift_;
  }

  std::map<TimeNs, LogSketch> spans_;
  std::uint64_t count_ = 0;
  unsigned shift_ = 33;
};

}  // namespace tcpautopsy

// The series of all connections that live at once, in bounded memory beyond what each needs to be followed.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "analyzer/report/html/segment_series.h"

namespace tcpautopsy {

class SeriesShelf {
 public:
  // `most` points of a connection, and `most_together` of all; beyond these each is cut to kLeast.
  SeriesShelf(std::size_t most, std::size_t most_together) : most_(most), most_together_(most_together) {}

  // Valid until the next call.
  const SeriesPoint& add(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame);
  // Of a connection that is over; none if no segment of it was added.
  std::optional<SegmentSeries> take(std::uint64_t flow);

 private:
  static constexpr std::size_t kLeast = 64;

  std::size_t most_, most_together_, together_ = 0;
  std::unordered_map<std::uint64_t, SegmentSeries> live_;
};

}  // namespace tcpautopsy

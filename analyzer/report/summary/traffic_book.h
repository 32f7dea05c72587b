// Follows the segments of all connections for the timeline of a report as text.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "analyzer/infer/flow_history.h"
#include "analyzer/report/summary/timeline.h"
#include "analyzer/transfer/segment_meter.h"

namespace tcpautopsy {

// Memory is bounded but for what lives: a meter for each live connection.
class TrafficBook {
 public:
  void segment(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame);
  // A connection is over that shall be told of.
  void add(const FlowHistory& history);
  // It is over, and not asked for.
  void leave_out(std::uint64_t flow) { live_.erase(flow); }

  const Timeline& timeline() const { return timeline_; }

 private:
  // What connections beyond so many at a time send again is not counted over time, and said to be left out:
  // some 32 MB hold these.
  static constexpr std::size_t kMostLive = 32'768;

  std::unordered_map<std::uint64_t, SegmentMeter> live_;
  Timeline timeline_;
};

}  // namespace tcpautopsy

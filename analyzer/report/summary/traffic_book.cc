#include "analyzer/report/summary/traffic_book.h"

namespace tcpautopsy {

void TrafficBook::segment(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
  const auto known = live_.find(flow);
  if (known == live_.end() && live_.size() >= kMostLive)
    return timeline_.segment_unfollowed(frame.time_ns, segment.wire_length, kMostLive);
  SegmentMeter& meter = known == live_.end() ? live_[flow] : known->second;
  timeline_.segment(frame.time_ns, segment.wire_length, meter.add(sender, segment, frame).resent);
}

void TrafficBook::add(const FlowHistory& history) {
  timeline_.flow(history, history.capture_end_ns);
  live_.erase(history.trace.number);
}

}  // namespace tcpautopsy

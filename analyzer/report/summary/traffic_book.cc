#include "analyzer/report/summary/traffic_book.h"

namespace tcpautopsy {

void TrafficBook::segment(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
  const auto known = live_.find(flow);
  const bool room = known != live_.end() || live_.size() < kMostLive;
  const bool resent = room && live_[flow].add(sender, segment, frame).resent;
  timeline_.segment(frame.time_ns, segment.wire_length, resent);
}

void TrafficBook::add(const FlowHistory& history) {
  timeline_.flow(history, history.capture_end_ns);
  live_.erase(history.trace.number);
}

}  // namespace tcpautopsy

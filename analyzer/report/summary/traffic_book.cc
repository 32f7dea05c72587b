#include "analyzer/report/summary/traffic_book.h"

namespace tcpautopsy {

void TrafficBook::segment(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
  const SegmentMeasures measures = live_[flow].add(sender, segment, frame);
  timeline_.segment(frame.time_ns, segment.wire_length, measures.resent);
}

void TrafficBook::add(const FlowHistory& history) {
  timeline_.flow(history, history.capture_end_ns);
  live_.erase(history.trace.number);
}

}  // namespace tcpautopsy

#include "analyzer/report/html/series_shelf.h"

#include <utility>

namespace tcpautopsy {

const SeriesPoint& SeriesShelf::add(std::uint64_t flow, Side sender, const TcpSegment& segment,
                                    const FrameRef& frame) {
  SegmentSeries& series = live_[flow];
  const std::size_t most = together_ > most_together_ ? kLeast : most_;
  if (series.points().size() >= 2 * most) {
    together_ -= series.points().size();
    series.thin(most);
    together_ += series.points().size();
  }
  ++together_;
  return series.add(sender, segment, frame);
}

std::optional<SegmentSeries> SeriesShelf::take(std::uint64_t flow) {
  const auto found = live_.find(flow);
  if (found == live_.end()) return std::nullopt;
  together_ -= found->second.points().size();
  SegmentSeries series = std::move(found->second);
  live_.erase(found);
  series.thin(most_);
  return series;
}

}  // namespace tcpautopsy

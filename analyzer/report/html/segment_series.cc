#include "analyzer/report/html/segment_series.h"

#include <algorithm>
#include <optional>

namespace tcpautopsy {

void SegmentSeries::note_sacks(SeriesPoint& point, const TcpSegment& s) {
  point.sacks = static_cast<std::uint32_t>(sacks_.size());
  point.sack_count = s.options.sack_count;
  const Seq base = meter_.base(other(point.side));
  for (std::size_t i = 0; i < s.options.sack_count; ++i) {
    const SackBlock& block = s.options.sack[i];
    sacks_.push_back({unwrap(block.left, base, point.ack), unwrap(block.right, base, point.ack)});
  }
}

const SeriesPoint& SegmentSeries::add(Side sender, const TcpSegment& s, const FrameRef& frame) {
  SeriesPoint& point = points_.emplace_back();
  static_cast<SegmentMeasures&>(point) = meter_.add(sender, s, frame);
  point.ordinal = segments_++;
  note_sacks(point, s);
  return point;
}

// Of a group of neighbours and one side, whose number is told by each.
struct SegmentSeries::Extremes {
  std::optional<std::size_t> first, last, highest, acked, in_flight, rtt, window, sack, out, last_out;

  void see(const std::vector<SeriesPoint>& points, std::size_t i) {
    const SeriesPoint& p = points[i];
    const auto more = [&](std::optional<std::size_t>& best, auto value) {
      if (!best || value(p) > value(points[*best])) best = i;
    };
    if (!first) first = i;
    last = i;
    more(highest, [](const SeriesPoint& q) { return q.seq + q.payload; });
    more(acked, [](const SeriesPoint& q) { return q.ack; });
    more(in_flight, [](const SeriesPoint& q) { return q.in_flight; });
    more(window, [](const SeriesPoint& q) { return ~q.window; });
    if (p.rtt_ns >= 0) more(rtt, [](const SeriesPoint& q) { return q.rtt_ns; });
    if (p.sack_count > 0) sack = i;
    if (!p.stands_out()) return;
    if (!out) out = i;
    last_out = i;
  }
  template <class F>
  void each(F f) const {
    for (const auto& one : {first, last, highest, acked, in_flight, rtt, window, sack, out, last_out})
      if (one) f(*one);
  }
};

std::size_t SegmentSeries::standing_out() const {
  return static_cast<std::size_t>(
      std::count_if(points_.begin(), points_.end(), [](const SeriesPoint& p) { return p.stands_out(); }));
}

void SegmentSeries::keep(std::uint64_t width, bool all_that_stand_out) {
  std::vector<bool> kept(points_.size(), false);
  kept.front() = kept.back() = true;
  for (std::size_t i = 0; i < points_.size();) {
    PerSide<Extremes> of;
    const std::uint64_t group = points_[i].ordinal / width;
    for (; i < points_.size() && points_[i].ordinal / width == group; ++i) {
      of[index(points_[i].side)].see(points_, i);
      if (all_that_stand_out && points_[i].stands_out()) kept[i] = true;
    }
    for (const Extremes& side : of) side.each([&](std::size_t one) { kept[one] = true; });
  }
  std::vector<SeriesSack> sacks;
  std::size_t to = 0;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (!kept[i]) continue;
    SeriesPoint point = points_[i];
    const auto from = sacks_.begin() + point.sacks;
    point.sacks = static_cast<std::uint32_t>(sacks.size());
    sacks.insert(sacks.end(), from, from + point.sack_count);
    points_[to++] = point;
  }
  points_.resize(to);
  sacks_ = std::move(sacks);
}

void SegmentSeries::thin(std::size_t most) {
  // The widest group leaves the extremes of two sides beside what stands out.
  most = std::max<std::size_t>(most, 64);
  while (points_.size() > most) {
    keep(width_, standing_out() <= most / 2);
    if (points_.size() > most) width_ *= 2;
  }
}

}  // namespace tcpautopsy

// The segments of one connection as its graphs show them: places in the streams, windows, octets in flight,
// round trips. In bounded memory: of a long connection neighbours are told by those that stand out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/transfer/segment_meter.h"

namespace tcpautopsy {

struct SeriesPoint : SegmentMeasures {
  std::uint64_t ordinal = 0;  // among the connection's segments, from 0
  std::uint32_t sacks = 0;    // its blocks, from this one on
  std::uint8_t sack_count = 0;

  bool stands_out() const {
    return resent || late || probe || (flags & (kSyn | kFin | kRst)) != 0 || window == 0;
  }
};

// A block of the SACK option, in the stream of the ACK's receiver.
struct SeriesSack {
  StreamOffset left = 0, right = 0;
};

class SegmentSeries {
 public:
  // Returns the point, valid until the next call.
  const SeriesPoint& add(Side sender, const TcpSegment& segment, const FrameRef& frame);

  // At most `most` points, those that stand out first; beyond, and of runs, the first, the last and the
  // extremes of either side. Never takes the first or the last of all.
  void thin(std::size_t most);

  const std::vector<SeriesPoint>& points() const { return points_; }
  const SeriesSack* sacks(const SeriesPoint& point) const { return sacks_.data() + point.sacks; }
  std::uint64_t segments() const { return segments_; }  // that were added
  // The number on the wire of the stream's offset 0.
  Seq base(Side side) const { return meter_.base(side); }

 private:
  // The points of a group that are kept of one side.
  struct Extremes;

  void note_sacks(SeriesPoint& point, const TcpSegment& segment);
  std::size_t standing_out() const;
  void keep(std::uint64_t width, bool all_that_stand_out);

  SegmentMeter meter_;
  std::vector<SeriesPoint> points_;
  std::vector<SeriesSack> sacks_;
  std::uint64_t segments_ = 0;
  std::uint64_t width_ = 8;  // of the groups that runs were last cut into
};

}  // namespace tcpautopsy

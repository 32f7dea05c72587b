// The segments of one connection as its graphs show them: places in the streams, windows, octets in flight,
// round trips. In bounded memory: of a long connection neighbours are told by those that stand out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/decode/tcp_options.h"
#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"
#include "analyzer/transfer/send_log.h"
#include "analyzer/transfer/sender_knowledge.h"
#include "analyzer/transfer/sender_view.h"

namespace tcpautopsy {

// One segment. Offsets count from the first number seen of each stream, which has the wire form base().
struct SeriesPoint {
  FrameRef frame;
  std::uint64_t ordinal = 0;  // among the connection's segments, from 0
  StreamOffset seq = 0;
  StreamOffset ack = 0;          // meaningful with kAck
  std::uint32_t payload = 0;     // octets
  std::uint32_t window = 0;      // octets; as sent where the scale is not known
  std::uint64_t in_flight = 0;   // after it, of its sender's data; of a plain ACK, of its receiver's
  std::uint64_t congestion = 0;  // most that was in flight in this round trip and the one before; 0: unknown
  TimeNs rtt_ns = -1;            // the round trip that this ACK ends, by Karn's rule; -1 for none
  std::uint32_t sacks = 0;       // its blocks, from this one on
  std::uint16_t flags = 0;       // TcpFlag
  std::uint8_t sack_count = 0;
  Side side = Side::A;  // the sender
  bool window_known : 1 = false;
  bool resent : 1 = false;  // all of it was sent before
  bool late : 1 = false;    // beyond it more was sent before, yet not this
  bool probe : 1 = false;   // a keep-alive or window probe

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
  // Of a connection with itself nothing is told: which end sent what is not known.
  // Returns the point, valid until the next call.
  const SeriesPoint& add(Side sender, const TcpSegment& segment, const FrameRef& frame);

  // At most `most` points, those that stand out first; beyond, and of runs, the first, the last and the
  // extremes of either side. Never takes the first or the last of all.
  void thin(std::size_t most);

  const std::vector<SeriesPoint>& points() const { return points_; }
  const SeriesSack* sacks(const SeriesPoint& point) const { return sacks_.data() + point.sacks; }
  std::uint64_t segments() const { return segments_; }  // that were added
  // The number on the wire of the stream's offset 0.
  Seq base(Side side) const { return ends_[index(side)].base; }

 private:
  struct End {
    Seq base;
    bool has_base = false, syn_seen = false;
    TcpOptions syn_options;
    SenderView view;
    SendLog log;
    FlightRounds rounds;
  };
  // The points of a group that are kept of one side.
  struct Extremes;

  void learn(End& own, End& peer, const TcpSegment& segment);
  void judge(SeriesPoint& point, const PlacedSegment& placed, const End& own, const End& peer) const;
  void note_sacks(SeriesPoint& point, const TcpSegment& segment, const End& peer);
  std::size_t standing_out() const;
  void keep(std::uint64_t width, bool all_that_stand_out);

  PerSide<End> ends_;
  std::vector<SeriesPoint> points_;
  std::vector<SeriesSack> sacks_;
  std::uint64_t segments_ = 0;
  std::uint64_t width_ = 8;  // of the groups that runs were last cut into
};

}  // namespace tcpautopsy

#include "analyzer/report/html/series_json.h"

#include <map>
#include <utility>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Why frames were sent again, as far as that is kept.
class ResendCauses {
 public:
  explicit ResendCauses(const FlowHistory& history) {
    if (!history.transfer) return;
    for (const RetransmissionResults& of : history.transfer->retransmissions)
      of.resends.each([&](const ResendLog::Resend& resend) {
        bits_[{resend.file, resend.number}] =
            number_of(resend.cause) * kCause + (resend.spurious ? kInVain : 0);
      });
  }
  unsigned bits(const FrameRef& frame) const {
    const auto found = bits_.find({frame.file, frame.number});
    return found == bits_.end() ? 0 : found->second;
  }

 private:
  static constexpr unsigned kInVain = 32, kCause = 64;
  using Key = std::pair<std::uint32_t, std::uint64_t>;

  // As page/series.ts lists them.
  static unsigned number_of(RetransmissionCause cause) {
    switch (cause) {
      case RetransmissionCause::Timeout: return 1;
      case RetransmissionCause::Fast: return 2;
      case RetransmissionCause::Probe:
      case RetransmissionCause::LastSegment: return 3;
      case RetransmissionCause::Prompt: return 4;
    }
    return 0;
  }

  std::map<Key, unsigned> bits_;
};

class SeriesWriter {
 public:
  SeriesWriter(JsonWriter& out, const FlowHistory& history, const SegmentSeries& series)
      : w_(out), history_(history), series_(series) {
    for (const Side side : {Side::A, Side::B})
      shift_[index(side)] =
          static_cast<std::int32_t>(series.base(side).raw() - history.trace.facts(side).iss.raw());
  }

  void write() {
    w_.begin_object();
    w_.field("segments", series_.segments());
    w_.key("iss");
    w_.begin_array();
    for (const Side side : {history_.client(), history_.server()})
      w_.value(history_.trace.facts(side).iss.raw());
    w_.end_array();
    places();
    numbers();
    column("p", [](const SeriesPoint& p) { return p.in_flight; });
    column("c", [](const SeriesPoint& p) { return p.congestion; });
    column("r", [](const SeriesPoint& p) { return p.rtt_ns > 0 ? p.rtt_ns : 0; });
    sacks();
    w_.end_object();
  }

 private:
  template <class F>
  void column(std::string_view name, F value) {
    w_.key(name);
    w_.begin_array();
    for (const SeriesPoint& point : series_.points()) w_.value(value(point));
    w_.end_array();
  }
  // What each differs from the value before it: short where they go on alike.
  template <class F>
  void steps(std::string_view name, std::int64_t before, F value) {
    column(name, [&](const SeriesPoint& point) {
      const auto now = static_cast<std::int64_t>(value(point));
      return now - std::exchange(before, now);
    });
  }
  // The same, of either side alone.
  template <class F>
  void side_steps(std::string_view name, F value) {
    PerSide<std::int64_t> before{};
    column(name, [&](const SeriesPoint& point) {
      const std::int64_t now = value(point);
      return now - std::exchange(before[index(point.side)], now);
    });
  }

  std::int64_t seq(const SeriesPoint& point) const { return point.seq + shift_[index(point.side)]; }
  std::int64_t ack(const SeriesPoint& point) const {
    return (point.flags & kAck) != 0 ? point.ack + shift_[index(other(point.side))] : 0;
  }

  void places() {
    steps("t", history_.trace.first.time_ns, [](const SeriesPoint& p) { return p.frame.time_ns; });
    steps("n", 0, [](const SeriesPoint& p) { return p.frame.number; });
    bool several = false;
    for (const SeriesPoint& point : series_.points())
      several = several || point.frame.file != history_.trace.first.file;
    if (several) steps("f", history_.trace.first.file, [](const SeriesPoint& p) { return p.frame.file; });
  }

  void numbers() {
    const ResendCauses causes(history_);
    column("k", [&](const SeriesPoint& p) {
      const unsigned resent = p.resent || p.late ? causes.bits(p.frame) : 0;
      return (p.side == history_.client() ? 0U : 1U) + 2U * p.resent + 4U * p.probe + 8U * p.late +
             16U * p.window_known + resent;
    });
    column("g", [](const SeriesPoint& p) { return p.flags; });
    PerSide<std::int64_t> end{};
    column("s", [&](const SeriesPoint& p) {
      const std::int64_t from = seq(p) - end[index(p.side)];
      end[index(p.side)] = seq(p) + p.payload;
      return from;
    });
    column("l", [](const SeriesPoint& p) { return p.payload; });
    side_steps("a", [&](const SeriesPoint& p) { return ack(p); });
    side_steps("w", [](const SeriesPoint& p) { return std::int64_t{p.window}; });
  }

  void sacks() {
    w_.key("sack");
    w_.begin_array();
    for (std::size_t i = 0; i < series_.points().size(); ++i) {
      const SeriesPoint& point = series_.points()[i];
      if (point.sack_count == 0) continue;
      w_.begin_array();
      w_.value(i);
      for (std::size_t k = 0; k < point.sack_count; ++k) {
        w_.value(series_.sacks(point)[k].left - point.ack);
        w_.value(series_.sacks(point)[k].right - point.ack);
      }
      w_.end_array();
    }
    w_.end_array();
  }

  JsonWriter& w_;
  const FlowHistory& history_;
  const SegmentSeries& series_;
  PerSide<std::int64_t> shift_{};
};

}  // namespace

void write_series(JsonWriter& out, const FlowHistory& history, const SegmentSeries& series) {
  SeriesWriter(out, history, series).write();
}

}  // namespace tcpautopsy

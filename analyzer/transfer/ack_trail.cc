#include "analyzer/transfer/ack_trail.h"

#include <algorithm>

#include "analyzer/seq/ranges.h"

namespace tcpautopsy {

namespace {

// Proof of outstanding data where those were not captured. The first block may tell of a duplicate.
bool sacks_above(const TcpSegment& s) {
  const auto& blocks = s.options.sack;
  const auto count = std::min<std::size_t>(s.options.sack_count, blocks.size());
  return std::any_of(
      blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(count),
      [&](const auto& block) { return static_cast<std::int32_t>(block.left.raw() - s.ack.raw()) > 0; });
}

}  // namespace

bool SackBoard::add(StreamOffset begin, StreamOffset end, TimeNs now_ns) {
  if (holds(begin, end)) return false;
  add_range(stretches_, Stretch{begin, end, now_ns}, [](Stretch& whole, const Stretch& part) {
    whole.since_ns = std::min(whole.since_ns, part.since_ns);
  });
  if (stretches_.size() > kMost) stretches_.erase(stretches_.begin());
  return true;
}

void SackBoard::acknowledge(StreamOffset una) {
  const auto first = std::partition_point(stretches_.begin(), stretches_.end(),
                                          [una](const Stretch& s) { return s.end <= una; });
  stretches_.erase(stretches_.begin(), first);
}

bool SackBoard::holds(StreamOffset begin, StreamOffset end) const {
  const auto it = std::partition_point(stretches_.begin(), stretches_.end(),
                                       [begin](const Stretch& s) { return s.end <= begin; });
  return it != stretches_.end() && it->begin <= begin && end <= it->end;
}

bool SackBoard::touches(StreamOffset begin, StreamOffset end) const {
  const auto it = std::partition_point(stretches_.begin(), stretches_.end(),
                                       [begin](const Stretch& s) { return s.end <= begin; });
  return it != stretches_.end() && it->begin < end;
}

TimeNs SackBoard::above_since(StreamOffset at) const {
  TimeNs since = -1;
  for (auto it = stretches_.rbegin(); it != stretches_.rend() && it->begin >= at; ++it)
    since = since < 0 ? it->since_ns : std::min(since, it->since_ns);
  return since;
}

// RFC 5681 2. What answers probes of a closed window is none: there the octet outstanding is the probe's.
bool AckTrail::duplicate(const PlacedSegment& s, const SenderView& sender) const {
  if (!sender.acked || s.ack != sender.snd_una || !s.pure_ack() || s.has(kRst)) return false;
  if (!window_heard_ || s.segment.window != window_ || window_ == 0) return false;
  return sender.snd_nxt > s.ack || sacks_above(s.segment);
}

// The first block may report a duplicate: it lies below the ACK or inside the second (RFC 2883 4).
bool AckTrail::read_sack(const PlacedSegment& s, const SenderView& sender, DsackReport& report) {
  const TcpOptions& options = s.segment.options;
  struct Block {
    StreamOffset begin, end;
  };
  const auto block = [&](std::size_t i) {
    const auto offset = [&](Seq at) {
      return s.ack + static_cast<std::int32_t>(at.raw() - s.segment.ack.raw());
    };
    return Block{offset(options.sack[i].left), offset(options.sack[i].right)};
  };
  bool news = false;
  for (std::size_t i = 0; i < options.sack_count && i < options.sack.size(); ++i) {
    const Block b = block(i);
    if (b.end <= b.begin || b.end > std::max(sender.snd_nxt, s.ack)) continue;
    const bool inside_second =
        i == 0 && options.sack_count > 1 && block(1).begin <= b.begin && b.end <= block(1).end;
    if (i == 0 && (b.end <= s.ack || inside_second)) {
      report = {true, b.begin, b.end};
    } else if (b.begin > s.ack) {
      news = board_.add(b.begin, b.end, s.time_ns()) || news;
    }
  }
  return news;
}

void AckTrail::remember_gap(StreamOffset una, StreamOffset ack) {
  const TimeNs sacked_ns = board_.above_since(una);
  const TimeNs since_ns = sacked_ns >= 0 ? sacked_ns : third_ns_;
  if (mended_.size() >= kMended) mended_.erase(mended_.begin());
  mended_.push_back({una, ack, since_ns});
}

TimeNs AckTrail::missed_since(StreamOffset at) const {
  for (auto it = mended_.rbegin(); it != mended_.rend(); ++it)
    if (it->begin <= at && at < it->end) return it->since_ns;
  return -1;
}

DsackReport AckTrail::heard(const PlacedSegment& s, const SenderView& sender) {
  DsackReport report;
  const bool moves = !sender.acked || s.ack > sender.snd_una;
  const bool repeats = !moves && duplicate(s, sender);
  window_is(s.segment.window);
  if (moves) {
    una_before_ = sender.acked ? sender.snd_una : s.ack;
    if (now_ >= 3 || !board_.empty()) remember_gap(una_before_, s.ack);
    now_ = 0;
    if (!board_.empty()) board_.acknowledge(s.ack);
  }
  const bool told = s.segment.options.sack_count > 0 && read_sack(s, sender, report);
  if (repeats) {
    ++duplicates_;
    // A report of a duplicate says that more arrived than was needed, not that something is missing.
    if (!report.any || told) {
      if (++now_ == 1) first_ns_ = s.time_ns();
      if (now_ == 3) third_ns_ = s.time_ns();
    }
  }
  if (moves || repeats || told) news_ns_ = s.time_ns();
  return report;
}

}  // namespace tcpautopsy

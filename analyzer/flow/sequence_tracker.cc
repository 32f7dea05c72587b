#include "analyzer/flow/sequence_tracker.h"

#include <algorithm>

#include "analyzer/seq/ranges.h"

namespace tcpautopsy {
namespace {

// How far below the first number seen a reordered segment may lie and still belong to the stream's beginning.
constexpr StreamOffset kEarlier = 1 << 22;

// Octets of payload of `span` inside [begin, end).
std::uint32_t payload_within(const SequenceSpan& span, StreamOffset begin, StreamOffset end) {
  const StreamOffset from = std::max(begin, span.data_begin());
  const StreamOffset to = std::min(end, span.data_end());
  return to > from ? static_cast<std::uint32_t>(to - from) : 0;
}

}  // namespace

void SequenceTracker::start(StreamOffset first) {
  low_ = sent_max_ = first;
  holes_.reset();
  started_ = true;
}

SequenceTracker::Added SequenceTracker::add(const SequenceSpan& span) {
  Added added;
  Standing& standing = added.standing;
  const StreamOffset end = span.end();
  const bool occupies = end > span.begin;
  standing.after_gap = span.begin > sent_max_;
  standing.keepalive = !span.syn && !span.fin && span.payload <= 1 && span.begin == sent_max_ - 1 &&
                       (span.payload == 0 || !last_outstanding());
  if (span.begin < low_ && !standing.keepalive && occupies && low_ - span.begin <= kEarlier) {
    if (end < low_) add_hole({end, low_});
    added.new_bytes += payload_within(span, span.begin, low_);
    standing.fills_gap = true;
    low_ = span.begin;
  }
  if (occupies && span.begin < sent_max_) {
    if (take_from_holes(span, std::min(end, sent_max_), added.new_bytes)) standing.fills_gap = true;
    standing.retransmission = !standing.fills_gap && span.begin >= low_ && end <= sent_max_;
  }
  if (end > sent_max_) {
    if (standing.after_gap && occupies) add_hole({sent_max_, span.begin});
    added.new_bytes += payload_within(span, sent_max_, end);
    if (occupies) sent_max_ = end;
  }
  return added;
}

void SequenceTracker::sent_unseen(StreamOffset up_to) {
  if (nothing_seen()) return start(up_to);
  add_hole({sent_max_, up_to});
  sent_max_ = up_to;
}

bool SequenceTracker::take_from_holes(const SequenceSpan& span, StreamOffset end, std::uint32_t& new_bytes) {
  if (!holes_) return false;
  const bool found = cut_ranges(*holes_, span.begin, end, [&](StreamOffset from, StreamOffset to) {
    new_bytes += payload_within(span, from, to);
  });
  bound_holes();
  if (holes_->empty()) holes_.reset();
  return found;
}

void SequenceTracker::add_hole(Hole hole) {
  if (!holes_) holes_ = std::make_unique<std::vector<Hole>>();
  const auto place = std::lower_bound(holes_->begin(), holes_->end(), hole.begin,
                                      [](const Hole& h, StreamOffset at) { return h.begin < at; });
  holes_->insert(place, hole);
  bound_holes();
}

void SequenceTracker::bound_holes() {
  if (holes_->size() <= kMostHoles) return;
  if (holes_->front().end > acked_) ++holes_given_up_;
  holes_->erase(holes_->begin());
}

StreamOffset SequenceTracker::contiguous() const {
  if (!holes_) return sent_max_;
  for (const Hole& hole : *holes_) {
    if (hole.end > acked_) return std::max(hole.begin, std::min(acked_, hole.end));
  }
  return sent_max_;
}

}  // namespace tcpautopsy

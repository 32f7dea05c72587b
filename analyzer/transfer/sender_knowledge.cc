#include "analyzer/transfer/sender_knowledge.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

// Next to the sender an ACK works at once, as far as times can be compared.
constexpr std::int64_t kNextTo = 200'000;
// News of one part of so many of a round trip is told together.
constexpr std::int64_t kParts = 48;

// The least round trip may have met a slow moment of the sender: take it for a little shorter.
constexpr std::int64_t shorter(std::int64_t rtt_ns) { return rtt_ns - rtt_ns / 8; }

}  // namespace

bool SenderKnowledge::learn(const PlacedSegment& s) {
  const StreamOffset edge = s.ack + s.window;
  const bool moves = !latest_.acked || s.ack > latest_.una;
  const bool widens = s.window_known && (!latest_.edge_known || edge > latest_.edge);
  const bool forgets = latest_.edge_known && !s.window_known;
  if (moves) {
    latest_.una = s.ack;
    latest_.acked_ns = s.time_ns();
    latest_.acked = true;
  }
  if (widens) {
    latest_.edge = edge;
    latest_.edge_ns = s.time_ns();
  }
  latest_.edge_known = s.window_known;
  return moves || widens || forgets;
}

void SenderKnowledge::told(const PlacedSegment& s, std::int64_t rtt_ns) {
  if (!s.has(kAck) || s.has(kRst)) return;
  if (latest_.acked && s.ack < latest_.una) return;
  if (!learn(s) && rtt_ns < kNextTo && next_ == pending_.size()) return;  // it knows all that
  if (rtt_ns < kNextTo) {
    known_ = latest_;
    pending_.clear();
    next_ = 0;
    return;
  }
  const TimeNs now = s.time_ns();
  const std::size_t waiting = pending_.size() - next_;
  if (waiting == kMostPending || (waiting > 0 && now - pending_.back().first_ns < rtt_ns / kParts)) {
    pending_.back().last_ns = now;
    pending_.back().state = latest_;
    return;
  }
  if (next_ * 2 > pending_.size() && pending_.size() == pending_.capacity()) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
  pending_.push_back({now, now, latest_});
}

const SenderKnowledge::State& SenderKnowledge::at(TimeNs now, std::int64_t rtt_ns) {
  const TimeNs passed = now - (rtt_ns < kNextTo ? 0 : shorter(rtt_ns));
  for (; next_ < pending_.size() && pending_[next_].last_ns <= passed; ++next_)
    known_ = pending_[next_].state;
  if (next_ == pending_.size()) {
    pending_.clear();
    next_ = 0;
  }
  return known_;
}

void FlightRounds::sent(StreamOffset end, StreamOffset una, bool held) {
  if (una >= round_end_) {
    // In slow start a round's flight doubles, or grows by half where every second segment is acknowledged.
    if (held_ && before_ > 0 && now_ * 4 < before_ * 5) slow_start_ = false;
    before_ = now_;
    now_ = 0;
    held_ = false;
    round_end_ = end;
  }
  if (end > una) now_ = std::max(now_, static_cast<std::uint64_t>(end - una));
  most_ = std::max(before_, now_);
  held_ = held_ || held;
}

}  // namespace tcpautopsy

#include "analyzer/stream/sender_knowledge.h"

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

void SenderKnowledge::told(const PlacedSegment& s, std::int64_t rtt_ns) {
  if (!s.has(kAck) || s.has(kRst)) return;
  if (latest_.acked && s.ack < latest_.una) return;
  if (!latest_.acked || s.ack > latest_.una) {
    latest_.una = s.ack;
    latest_.acked_ns = s.time_ns();
    latest_.acked = true;
  }
  if (s.window_known) {
    const StreamOffset edge = s.ack + s.window;
    if (!latest_.edge_known || edge > latest_.edge) {
      latest_.edge = edge;
      latest_.edge_ns = s.time_ns();
      latest_.edge_known = true;
    }
  }
  if (rtt_ns < kNextTo) {
    known_ = latest_;
    if (pending_) pending_->count = 0;
    return;
  }
  if (!pending_) pending_ = std::make_unique<Ring>();
  Ring& ring = *pending_;
  const TimeNs now = s.time_ns();
  if (ring.count > 0) {
    News& newest = ring.at(ring.count - 1);
    if (ring.count == kPending || now - newest.first_ns < rtt_ns / kParts) {
      newest.last_ns = now;
      newest.state = latest_;
      return;
    }
  }
  ring.at(ring.count++) = {now, now, latest_};
}

const SenderKnowledge::State& SenderKnowledge::at(TimeNs now, std::int64_t rtt_ns) {
  if (!pending_) return known_;
  Ring& ring = *pending_;
  const TimeNs passed = now - (rtt_ns < kNextTo ? 0 : shorter(rtt_ns));
  while (ring.count > 0 && ring.at(0).last_ns <= passed) {
    known_ = ring.at(0).state;
    ring.first = (ring.first + 1) % kPending;
    --ring.count;
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

#include "analyzer/transfer/stuck_size.h"

#include <algorithm>
#include <utility>

namespace tcpautopsy {
namespace {

// RFC 9293 3.7.1: 536 octets pass on any IPv4 path worth the name; what is smaller is not lost for its size.
constexpr std::uint32_t kLarge = 512;
// Fewer retransmissions are told from plain loss by nothing.
constexpr std::uint64_t kResendsNeeded = 3, kResendsNeededBeforeSmaller = 2;
// Linux probes for a smaller path MTU after so many (tcp_retries1 and one).
constexpr std::uint64_t kResendsNeededOnceItPassed = 4;

bool proven(const StuckSizeFacts& f) {
  const bool cut = f.freed && f.freed_by < f.size;
  if (f.passed_before) return cut && f.small_sacked && f.sendings.count() >= kResendsNeededOnceItPassed;
  return f.sendings.count() >= (cut ? kResendsNeededBeforeSmaller : kResendsNeeded);
}

}  // namespace

void StuckSize::sent(const PlacedSegment& s, const SenderView& own) {
  const std::uint32_t payload = s.segment.payload_length;
  if (payload > arrived_ && !s.standing.retransmission && count_ < pending_.size() &&
      (count_ == 0 || payload > pending_[count_ - 1].payload))
    pending_[count_++] = {s.data_end(), payload};
  if (!s.standing.retransmission || !own.acked || s.seq != own.snd_una) return;
  if (!stuck_) {
    if (payload < kLarge) return;
    stuck_ = std::make_unique<Stuck>();
  }
  Stuck& stuck = *stuck_;
  if (stuck.now.size == 0 || stuck.seq != s.seq) {
    stuck.now = {};
    stuck.smallest_lost = stuck.last_payload = 0;
    stuck.seq = s.seq;
    if (payload < kLarge) return;
    stuck.now.size = payload;
    stuck.now.passed_before = payload <= arrived_;
  }
  const std::uint32_t before = std::exchange(stuck.last_payload, payload);
  if (before > 0 && before < stuck.now.size)
    stuck.smallest_lost = stuck.smallest_lost == 0 ? before : std::min(stuck.smallest_lost, before);
  if (payload < stuck.now.size) return;
  stuck.now.sendings.add(s.frame, stuck.now.sendings ? s.time_ns() - stuck.last_ns : 0);
  stuck.last_ns = s.time_ns();
}

void StuckSize::acknowledged(const PlacedSegment& s, const SenderView& own) {
  const bool moves = own.acked && s.ack > own.snd_una;
  for (std::size_t i = 0; i < s.segment.options.sack_count; ++i) {
    const SackBlock block = s.segment.options.sack[i];
    const auto left = static_cast<std::int32_t>(block.left.raw() - s.segment.ack.raw());
    const auto length = static_cast<std::int32_t>(block.right.raw() - block.left.raw());
    if (left > 0 && length > 0) sacked_ = std::max(sacked_, static_cast<std::uint32_t>(length));
  }
  if (stuck_ && stuck_->now.size != 0) {
    if (moves && s.ack > stuck_->seq) {
      stuck_->now.freed = true;
      stuck_->now.freed_by = stuck_->last_payload;
      conclude(s.time_ns());
    } else if (!s.has(kSyn) && s.ack == stuck_->seq && s.time_ns() - stuck_->last_ns >= s.rtt_sender_ns) {
      stuck_->now.heard = true;
    }
  }
  if (moves) arrived_up_to(s.ack);
}

void StuckSize::arrived_up_to(StreamOffset ack) {
  std::size_t gone = 0;
  for (; gone < count_ && pending_[gone].end <= ack; ++gone)
    arrived_ = std::max(arrived_, pending_[gone].payload);
  if (gone > 0) {
    std::move(pending_.begin() + static_cast<std::ptrdiff_t>(gone),
              pending_.begin() + static_cast<std::ptrdiff_t>(count_), pending_.begin());
    count_ -= gone;
  }
  sacked_ = 0;
}

// Nothing of its size may have arrived beside it, nor before it unless the path is another since.
void StuckSize::conclude(TimeNs until_ns) {
  StuckSizeFacts& now = stuck_->now;
  now.small_sacked = sacked_ > 0;
  now.passed = now.passed_before ? sacked_ : std::max(sacked_, arrived_);
  now.lasted_ns = until_ns - (now.sendings ? now.sendings.frames().front().time_ns : until_ns);
  // One no larger than what got through in the end was lost as well: it was not for its size.
  const bool plain_loss = now.freed && stuck_->smallest_lost > 0 && stuck_->smallest_lost <= now.freed_by;
  if (proven(now) && !plain_loss && now.passed < now.size && stuck_->told.size == 0)
    stuck_->told = std::move(now);
  now = {};
}

void StuckSize::finish(StuckSizeFacts& facts) {
  if (!stuck_) return;
  if (stuck_->now.size != 0) conclude(stuck_->last_ns);
  facts = std::move(stuck_->told);
}

}  // namespace tcpautopsy

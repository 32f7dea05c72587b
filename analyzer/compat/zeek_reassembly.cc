#include "analyzer/compat/zeek_reassembly.h"

#include <algorithm>
#include <utility>

#include "analyzer/seq/ranges.h"

namespace tcpautopsy {

namespace {

// Zeek's tcp_max_above_hole_without_any_acks and tcp_excessive_data_without_further_acks.
constexpr std::uint64_t kMaxBeyondHoleUnacked = 16384;
constexpr std::uint64_t kMaxHeld = 10 * 1024 * 1024;
// Ours: a hostile sender may leave a hole after every byte.
constexpr std::size_t kMaxRanges = 4096;

}  // namespace

void ZeekReassembly::give_up() {
  beyond_.reset();
  given_up_ = true;
}

void ZeekReassembly::insert(Range range) {
  if (!beyond_) beyond_ = std::make_unique<Ranges>();
  add_range(*beyond_, range, [](Range&, const Range&) {});
}

void ZeekReassembly::deliver() {
  if (!beyond_) return;
  auto next = beyond_->begin();
  for (; next != beyond_->end() && next->begin <= delivered_; ++next)
    delivered_ = std::max(delivered_, next->end);
  beyond_->erase(beyond_->begin(), next);
  if (beyond_->empty()) beyond_.reset();
}

void ZeekReassembly::add(std::uint64_t seq, std::uint32_t length, std::uint64_t acked, bool nothing_acked) {
  const std::uint64_t end = seq + length;
  const std::uint64_t begin = std::max({seq, acked, trimmed_});
  if (given_up_ || begin >= end) return;
  if (begin <= delivered_) {
    delivered_ = std::max(delivered_, end);
    deliver();
  } else {
    insert({begin, end});
  }

  std::uint64_t held = delivered_ > trimmed_ ? delivered_ - trimmed_ : 0;
  if (beyond_)
    for (const auto& range : *beyond_) held += range.end - range.begin;
  const std::uint64_t undelivered = beyond_ ? beyond_->back().end - delivered_ : 0;
  if ((nothing_acked && undelivered > kMaxBeyondHoleUnacked) || held > kMaxHeld) give_up();
  if (beyond_ && beyond_->size() > kMaxRanges) give_up();
}

unsigned ZeekReassembly::write_off(std::uint64_t up_to) {
  unsigned holes = 0;
  while (beyond_ && beyond_->front().begin < up_to) {
    ++holes;
    delivered_ = beyond_->front().begin;
    deliver();
  }
  if (up_to > delivered_) {
    if (!given_up_) ++holes;
    delivered_ = up_to;
  }
  return holes;
}

unsigned ZeekReassembly::acknowledge(std::uint64_t seq, bool partial_connection) {
  if (seq <= trimmed_) return 0;
  // Without a SYN the numbering is a guess, and the first octet may only have been a keep-alive's.
  const bool doubtful = seq <= 2 && partial_connection;
  const unsigned holes = seq > delivered_ && !doubtful ? write_off(seq) : 0;
  trimmed_ = seq;
  deliver();
  return holes;
}

}  // namespace tcpautopsy

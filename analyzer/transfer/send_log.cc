#include "analyzer/transfer/send_log.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

using Entry = SendLog::Entry;

// Room from the beginning for what short flows send.
constexpr std::size_t kUsual = 8;

Entry entry_of(const PlacedSegment& s) {
  Entry entry;
  entry.begin = s.seq;
  entry.sent_ns = s.time_ns();
  entry.length = s.length;
  entry.ts_val = s.segment.options.ts_val;
  entry.ip_id = static_cast<std::uint16_t>(s.segment.ip_id);
  entry.checksum = s.segment.tcp_checksum;
  entry.payload_sum = s.segment.payload_sum;
  entry.whole = entry.length == s.segment.payload_length && s.segment.checksum == Checksum::Good;
  return entry;
}

std::uint32_t distance(StreamOffset begin, StreamOffset end) {
  return static_cast<std::uint32_t>(end - begin);
}

}  // namespace

std::size_t SendLog::lower(StreamOffset at) const {
  const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(head_);
  const auto it = std::partition_point(from, entries_.end(), [at](const Entry& e) { return e.end() <= at; });
  return static_cast<std::size_t>(it - entries_.begin());
}

const Entry* SendLog::find(StreamOffset at) const {
  const std::size_t i = lower(at);
  return i < entries_.size() && entries_[i].begin <= at ? &entries_[i] : nullptr;
}

const Entry* SendLog::after(StreamOffset at) const {
  std::size_t i = lower(at);
  if (i < entries_.size() && entries_[i].begin < at) ++i;
  return i < entries_.size() ? &entries_[i] : nullptr;
}

void SendLog::sent(const PlacedSegment& segment) {
  const Entry entry = entry_of(segment);
  if (entry.length == 0) return;
  if (!begun_) {
    seen_to_ = entry.begin;
    entries_.reserve(kUsual);
  }
  begun_ = true;
  if (!empty() && entry.begin < entries_.back().end()) return sent_among(entry);
  if (entries_.size() - head_ >= kMost) join_neighbours();
  entries_.push_back(entry);
}

void SendLog::sent_among(const Entry& fresh) {
  StreamOffset at = fresh.begin;
  const StreamOffset end = fresh.end();
  split(at);
  split(end);
  for (std::size_t i = lower(at); at < end; ++i) {
    if (entries_.size() - head_ >= kMost) return;  // full of pieces: what is not told is not known
    const StreamOffset gap_end = i < entries_.size() ? std::min(entries_[i].begin, end) : end;
    if (gap_end > at) {
      Entry piece = fresh;
      piece.whole = fresh.whole && at == fresh.begin && gap_end == end;
      piece.begin = at;
      piece.length = distance(at, gap_end);
      insert(i, piece);
    } else {
      Entry& again = entries_[i];
      again.retimed = again.ts_val != fresh.ts_val;
      again.sent_ns = fresh.sent_ns;
      again.ts_val = fresh.ts_val;
      again.ip_id = fresh.ip_id;
      again.checksum = fresh.checksum;
      if (again.times < 255) ++again.times;
    }
    at = entries_[i].end();
  }
}

void SendLog::insert(std::size_t where, Entry entry) {
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(where), entry);
  if (where < una_) ++una_;
}

// Lets an entry end at this number, so that its parts can be told apart.
void SendLog::split(StreamOffset at) {
  const std::size_t i = lower(at);
  if (i >= entries_.size() || entries_[i].begin >= at) return;
  Entry& low = entries_[i];
  low.whole = false;
  Entry high = low;
  high.begin = at;
  high.length = distance(at, low.end());
  low.length = distance(low.begin, at);
  const bool last_acknowledged = i + 1 == una_;
  insert(i + 1, high);
  if (last_acknowledged) ++una_;
}

SendLog::Acknowledged SendLog::acknowledge(StreamOffset una) {
  Acknowledged taken;
  const auto unseen = [&](StreamOffset begin, StreamOffset end) {
    taken.unseen_begin = begin;
    taken.unseen_end = end;
  };
  for (; una_ < entries_.size() && entries_[una_].end() <= una; ++una_) {
    const Entry& entry = entries_[una_];
    if (entry.begin > seen_to_) unseen(seen_to_, entry.begin);
    seen_to_ = std::max(seen_to_, entry.end());
    taken.any = true;
    ++taken.entries;
    taken.repeated = taken.repeated || entry.times > 1;
    taken.last = entry;
  }
  if (begun_ && una > seen_to_) {
    const bool within = una_ < entries_.size() && entries_[una_].begin < una;
    const StreamOffset begin = within ? entries_[una_].begin : una;
    if (begin > seen_to_) unseen(seen_to_, begin);
    seen_to_ = una;
  }
  forget_acknowledged();
  return taken;
}

void SendLog::forget_acknowledged() {
  if (una_ > head_ + kKept) head_ = una_ - kKept;
  if (head_ < kKept || head_ * 2 < entries_.size()) return;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
  una_ -= head_;
  head_ = 0;
}

// Halves the number of those not acknowledged: two that follow on each other become one, as late as the
// later. Where gaps leave no neighbours the oldest are given up.
void SendLog::join_neighbours() {
  std::size_t to = una_;
  for (std::size_t i = una_; i < entries_.size(); ++i) {
    const bool joins = to > una_ && entries_[to - 1].end() == entries_[i].begin && (i - una_) % 2 == 1 &&
                       entries_[to - 1].length < (1U << 30);
    if (!joins) {
      entries_[to++] = entries_[i];
      continue;
    }
    Entry& low = entries_[to - 1];
    low.length += entries_[i].length;
    low.sent_ns = std::max(low.sent_ns, entries_[i].sent_ns);
    low.times = std::max(low.times, entries_[i].times);
    low.whole = false;
  }
  entries_.resize(to);
  if (entries_.size() - head_ < kMost) return;
  head_ += kMost / 2;
  una_ = std::max(una_, head_);
  seen_to_ = std::max(seen_to_, entries_[head_].begin);
}

}  // namespace tcpautopsy

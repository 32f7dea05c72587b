#include "analyzer/transfer/log_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tcpautopsy {
namespace {

constexpr std::uint32_t kSub = LogSketch::kSubBuckets;
constexpr int kSubBits = std::countr_zero(kSub);

// Below kSub each value has a bucket of its own; above, each power of two is cut into kSub equal parts.
std::uint32_t bucket_of(std::uint64_t value) {
  if (value < kSub) return static_cast<std::uint32_t>(value);
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSubBits;
  return static_cast<std::uint32_t>(shift) * kSub + static_cast<std::uint32_t>(value >> shift);
}

// The middle of a bucket.
TimeNs middle(std::uint32_t number) {
  if (number < 2 * kSub) return number;
  const std::uint32_t shift = number / kSub - 1;
  const std::uint64_t low = static_cast<std::uint64_t>(number - shift * kSub) << shift;
  return static_cast<TimeNs>(low + ((std::uint64_t{1} << shift) - 1) / 2);
}

TimeNs plus(TimeNs sum, TimeNs more) {
  const TimeNs most = std::numeric_limits<TimeNs>::max();
  return sum > most - more ? most : sum + more;
}

std::uint32_t plus(std::uint32_t count, std::uint32_t more) {
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  return count > most - more ? most : count + more;
}

}  // namespace

void LogSketch::count_in(std::uint32_t number, std::uint32_t times) {
  const auto at = std::lower_bound(buckets_.begin(), buckets_.end(), number,
                                   [](const Bucket& bucket, std::uint32_t n) { return bucket.number < n; });
  if (at != buckets_.end() && at->number == number) {
    at->count = plus(at->count, times);
  } else {
    buckets_.insert(at, Bucket{number, times});
  }
}

void LogSketch::put(std::uint16_t number) {
  if (fresh_count_ == kFresh) settle();
  fresh_[fresh_count_++] = number;
}

LogSketch::Fresh LogSketch::fresh_in_order() const {
  Fresh fresh = fresh_;
  std::sort(fresh.begin(), fresh.begin() + fresh_count_);
  return fresh;
}

// Adds the fresh values to the buckets: from the last on, so that each bucket moves once.
void LogSketch::settle() {
  const Fresh fresh = fresh_in_order();
  std::size_t from = buckets_.size();
  const auto known = [&](std::uint16_t number) {
    while (from > 0 && buckets_[from - 1].number > number) --from;
    return from > 0 && buckets_[from - 1].number == number;
  };
  std::size_t room = 0;
  for (std::size_t i = fresh_count_; i-- > 0;)
    if (!known(fresh[i]) && (i + 1 == fresh_count_ || fresh[i + 1] != fresh[i])) ++room;
  from = buckets_.size();
  std::size_t to = from + room;
  buckets_.resize(to);
  for (std::size_t i = fresh_count_; i-- > 0;) {
    while (from > 0 && buckets_[from - 1].number > fresh[i]) buckets_[--to] = buckets_[--from];
    if (from > 0 && buckets_[from - 1].number == fresh[i]) {
      buckets_[--to] = buckets_[--from];
    } else if (to == buckets_.size() || buckets_[to].number != fresh[i]) {
      buckets_[--to] = {fresh[i], 0};
    }
    buckets_[to].count = plus(buckets_[to].count, 1U);
  }
  fresh_count_ = 0;
}

void LogSketch::add(TimeNs value) {
  value = std::max<TimeNs>(value, 0);
  put(static_cast<std::uint16_t>(bucket_of(static_cast<std::uint64_t>(value))));
  least_ = count_ == 0 ? value : std::min(least_, value);
  greatest_ = std::max(greatest_, value);
  sum_ = plus(sum_, value);
  ++count_;
}

void LogSketch::merge(const LogSketch& from) {
  if (!from) return;
  // Into itself: the loops below read what they change.
  const std::vector<Bucket> more = from.buckets_;
  const Fresh fresh = from.fresh_;
  const std::size_t fresh_count = from.fresh_count_;
  for (const Bucket& bucket : more) count_in(bucket.number, bucket.count);
  for (std::size_t i = 0; i < fresh_count; ++i) put(fresh[i]);
  least_ = count_ == 0 ? from.least_ : std::min(least_, from.least_);
  greatest_ = std::max(greatest_, from.greatest_);
  sum_ = plus(sum_, from.sum_);
  count_ += from.count_;
}

TimeNs LogSketch::quantile(double share) const {
  if (count_ == 0) return 0;
  const double rank = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  if (rank <= 1) return least_;
  if (rank >= static_cast<double>(count_)) return greatest_;
  const auto within = [this](std::uint32_t number) { return std::clamp(middle(number), least_, greatest_); };
  const Fresh fresh = fresh_in_order();
  double passed = 0;
  std::size_t i = 0;
  const auto fresh_up_to = [&](std::uint32_t number) {
    for (; i < fresh_count_ && fresh[i] <= number; ++i)
      if (++passed >= rank) return true;
    return false;
  };
  for (const Bucket& bucket : buckets_) {
    if (bucket.number > 0 && fresh_up_to(bucket.number - 1)) return within(fresh[i]);
    passed += bucket.count;
    if (passed >= rank) return within(bucket.number);
  }
  return fresh_up_to(kMostBuckets) ? within(fresh[i]) : greatest_;
}

}  // namespace tcpautopsy

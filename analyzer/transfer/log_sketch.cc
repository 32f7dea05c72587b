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

void LogSketch::add(TimeNs value) {
  value = std::max<TimeNs>(value, 0);
  count_in(bucket_of(static_cast<std::uint64_t>(value)), 1);
  least_ = count_ == 0 ? value : std::min(least_, value);
  greatest_ = std::max(greatest_, value);
  sum_ = plus(sum_, value);
  ++count_;
}

void LogSketch::merge(const LogSketch& from) {
  if (!from) return;
  // Into itself: the loop below reads what it changes.
  const std::vector<Bucket> more = from.buckets_;
  for (const Bucket& bucket : more) count_in(bucket.number, bucket.count);
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
  double passed = 0;
  for (const Bucket& bucket : buckets_) {
    passed += bucket.count;
    if (passed >= rank) return std::clamp(middle(bucket.number), least_, greatest_);
  }
  return greatest_;
}

}  // namespace tcpautopsy

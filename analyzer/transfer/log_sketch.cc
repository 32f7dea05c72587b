#include "analyzer/transfer/log_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

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

// Where the bucket is, or a free place for it.
LogSketch::Bucket& LogSketch::place_of(std::uint32_t number) {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = number & mask;
  while (places_[at].count > 0 && places_[at].number != number) at = (at + 1) & mask;
  return places_[at];
}

// Into a table twice as large, or out of the fresh values into the first.
void LogSketch::spread_out() {
  const Buckets before = std::exchange(places_, Buckets(std::max<std::size_t>(2 * places_.size(), 32)));
  if (before.empty()) {
    for (std::size_t i = std::exchange(used_, std::uint16_t{0}); i-- > 0;) put(fresh_[i], 1);
    return;
  }
  for (const Bucket& bucket : before)
    if (bucket.count > 0) place_of(bucket.number) = bucket;
}

void LogSketch::put(std::uint32_t number, std::uint32_t times) {
  if (places_.empty()) {
    if (times == 1 && used_ < kFresh) {
      fresh_[used_++] = static_cast<std::uint16_t>(number);
      return;
    }
    spread_out();
  }
  Bucket* bucket = &place_of(number);
  if (bucket->count == 0) {
    if (4 * (used_ + 1U) > 3 * places_.size()) {
      spread_out();
      bucket = &place_of(number);
    }
    ++used_;
    bucket->number = number;
  }
  bucket->count = plus(bucket->count, times);
}

LogSketch::Buckets LogSketch::in_order() const {
  Buckets buckets;
  buckets.reserve(used_);
  if (places_.empty()) {
    for (std::size_t i = 0; i < used_; ++i) buckets.push_back({fresh_[i], 1});
  } else {
    std::copy_if(places_.begin(), places_.end(), std::back_inserter(buckets),
                 [](const Bucket& bucket) { return bucket.count > 0; });
  }
  std::sort(buckets.begin(), buckets.end(),
            [](const Bucket& a, const Bucket& b) { return a.number < b.number; });
  return buckets;
}

void LogSketch::add(TimeNs value) {
  value = std::max<TimeNs>(value, 0);
  put(bucket_of(static_cast<std::uint64_t>(value)), 1);
  least_ = count_ == 0 ? value : std::min(least_, value);
  greatest_ = std::max(greatest_, value);
  sum_ = plus(sum_, value);
  ++count_;
}

void LogSketch::merge(const LogSketch& from) {
  if (!from) return;
  for (const Bucket& bucket : from.in_order()) put(bucket.number, bucket.count);  // a copy: it may be itself
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
  for (const Bucket& bucket : in_order()) {
    passed += bucket.count;
    if (passed >= rank) return std::clamp(middle(bucket.number), least_, greatest_);
  }
  return greatest_;
}

}  // namespace tcpautopsy

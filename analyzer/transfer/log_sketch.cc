#include "analyzer/transfer/log_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
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
inline LogSketch::Bucket& LogSketch::place_of(std::uint32_t number) {
  Bucket* const places = places_.data();
  const std::size_t mask = places_.size() - 1;
  std::size_t at = number & mask;
  while (places[at].count > 0 && places[at].number != number) at = (at + 1) & mask;
  return places[at];
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

// Calls visit(number, count) for each bucket, in any order; for fresh values of one bucket each by itself.
template <class Visit>
void LogSketch::each(Visit visit) const {
  if (places_.empty()) {
    for (std::size_t i = 0; i < used_; ++i) visit(fresh_[i], std::uint32_t{1});
    return;
  }
  for (const Bucket& bucket : places_)
    if (bucket.count > 0) visit(bucket.number, bucket.count);
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
  if (&from == this) return merge(LogSketch(from));
  from.each([this](std::uint32_t number, std::uint32_t times) { put(number, times); });
  least_ = count_ == 0 ? from.least_ : std::min(least_, from.least_);
  greatest_ = std::max(greatest_, from.greatest_);
  sum_ = plus(sum_, from.sum_);
  count_ += from.count_;
}

// The power of two that it lies in first, then its part of that: no order of all is needed.
TimeNs LogSketch::quantile(double share) const {
  if (count_ == 0) return 0;
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  if (rank <= 1) return least_;
  if (rank >= count_) return greatest_;
  std::array<std::uint64_t, kMostBuckets / kSub> powers{};
  each([&](std::uint32_t number, std::uint32_t times) { powers[number / kSub] += times; });
  std::uint64_t passed = 0;
  const auto reached = [&](std::uint64_t times) { return (passed += times) >= rank; };
  const auto power = std::find_if(powers.begin(), powers.end(), reached);
  if (power == powers.end()) return greatest_;
  passed -= *power;
  const auto first = static_cast<std::uint32_t>(power - powers.begin()) * kSub;
  std::array<std::uint64_t, kSub> parts{};
  each([&](std::uint32_t number, std::uint32_t times) {
    if (number / kSub == first / kSub) parts[number % kSub] += times;
  });
  const auto part = std::find_if(parts.begin(), parts.end(), reached);
  return std::clamp(middle(first + static_cast<std::uint32_t>(part - parts.begin())), least_, greatest_);
}

}  // namespace tcpautopsy

// How values are spread, in little memory: counts in buckets that widen with the value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Quantiles are off by at most 1/64 of the value (kRelativeError); least, greatest and sum are exact. Holds
// nothing on the heap for the first kFresh values, and at most 4,096 places of 8 octets after any number, for
// kMostBuckets buckets; round trips of one path fill some tens. Sketches of the same kind add up (merge), in
// any order.
class LogSketch {
 public:
  static constexpr std::uint32_t kSubBuckets = 32;  // to each power of two
  static constexpr double kRelativeError = 1.0 / (2 * kSubBuckets);
  static constexpr std::uint32_t kMostBuckets = kSubBuckets * (63 - 5 + 1);

  void add(TimeNs value);  // below 0 counts as 0: a clock that was set back
  void merge(const LogSketch& from);

  std::uint64_t count() const { return count_; }
  explicit operator bool() const { return count_ > 0; }
  TimeNs least() const { return least_; }  // 0 without values, as the others
  TimeNs greatest() const { return greatest_; }
  TimeNs sum() const { return sum_; }  // no more than the largest TimeNs
  // The value that `share` (0 to 1) of all do not exceed: the smallest whose rank is at least share * count.
  TimeNs quantile(double share) const;
  TimeNs median() const { return quantile(0.5); }

 private:
  struct Bucket {
    std::uint32_t number = 0, count = 0;
  };
  // The first values, each the number of its bucket.
  static constexpr std::size_t kFresh = 15;
  using Buckets = std::vector<Bucket>;

  void put(std::uint32_t number, std::uint32_t times);
  Bucket& place_of(std::uint32_t number);
  void spread_out();
  template <class Visit>
  void each(Visit visit) const;

  // Open addressing: a power of two of places, of which those with a count of 0 are free. Bucket numbers lie
  // close together and are their own hash. Empty while the fresh values suffice.
  Buckets places_;
  std::array<std::uint16_t, kFresh> fresh_{};
  std::uint16_t used_ = 0;  // of places_, or of fresh_
  std::uint64_t count_ = 0;
  TimeNs least_ = 0, greatest_ = 0, sum_ = 0;
};

}  // namespace tcpautopsy

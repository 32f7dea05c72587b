// How values are spread, in little memory: counts in buckets that widen with the value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Quantiles are off by at most 1/64 of the value (kRelativeError); least, greatest and sum are exact. Holds
// nothing on the heap for the first kFresh values, and at most kMostBuckets buckets of 8 octets after any
// number; round trips of one path fill some tens. Sketches of the same kind add up (merge), in any order.
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
  // The latest values, each the number of its bucket: a search for each would cost more than all else.
  static constexpr std::size_t kFresh = 15;
  using Fresh = std::array<std::uint16_t, kFresh>;

  void put(std::uint16_t number);
  void settle();
  Fresh fresh_in_order() const;
  void count_in(std::uint32_t number, std::uint32_t times);

  std::vector<Bucket> buckets_;  // those not empty, by number; without the fresh values
  Fresh fresh_{};
  std::uint16_t fresh_count_ = 0;
  std::uint64_t count_ = 0;
  TimeNs least_ = 0, greatest_ = 0, sum_ = 0;
};

}  // namespace tcpautopsy

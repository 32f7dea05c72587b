// Median and range of many durations in little memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace tcpautopsy {

// Counts in buckets a sixteenth of an octave wide: the median is at most 1/32 too high or too low. Negative
// values count as 0.
class Spread {
 public:
  void add(std::int64_t value);
  std::uint64_t count() const { return count_; }
  std::optional<std::int64_t> least() const { return count_ == 0 ? std::nullopt : std::optional(least_); }
  std::optional<std::int64_t> most() const { return count_ == 0 ? std::nullopt : std::optional(most_); }
  std::optional<std::int64_t> median() const;

 private:
  std::array<std::uint64_t, 64 * 16> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t least_ = 0, most_ = 0;
};

}  // namespace tcpautopsy

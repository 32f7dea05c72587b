#include "analyzer/report/summary/spread.h"

#include <algorithm>
#include <bit>

namespace tcpautopsy {
namespace {

// Below 16 each value has its own bucket; above, the four bits after the leading one choose within the
// octave.
std::size_t bucket(std::uint64_t value) {
  if (value < 16) return static_cast<std::size_t>(value);
  const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1;
  return (octave - 3) * 16 + static_cast<std::size_t>((value >> (octave - 4)) & 15);
}

std::int64_t middle(std::size_t bucket) {
  if (bucket < 16) return static_cast<std::int64_t>(bucket);
  const std::size_t octave = bucket / 16 + 3;
  const std::uint64_t low = (16 + std::uint64_t{bucket % 16}) << (octave - 4);
  return static_cast<std::int64_t>(low + ((std::uint64_t{1} << (octave - 4)) >> 1));
}

}  // namespace

void Spread::add(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  least_ = count_ == 0 ? value : std::min(least_, value);
  most_ = count_ == 0 ? value : std::max(most_, value);
  ++count_;
  ++buckets_[bucket(static_cast<std::uint64_t>(value))];
}

std::optional<std::int64_t> Spread::median() const {
  if (count_ == 0) return std::nullopt;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    below += buckets_[i];
    if (below * 2 >= count_) return std::clamp(middle(i), least_, most_);
  }
  return most_;
}

}  // namespace tcpautopsy

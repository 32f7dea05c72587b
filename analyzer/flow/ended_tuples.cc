#include "analyzer/flow/ended_tuples.h"

#include <algorithm>

namespace tcpautopsy {

void EndedTuples::put(std::uint64_t entry) {
  auto& entries = buckets_[bucket_of(entry)].entries;
  if (entries[kWays - 1] == 0) ++used_;
  std::copy_backward(entries, entries + kWays - 1, entries + kWays);
  entries[0] = entry;
}

void EndedTuples::remember(std::uint64_t hash, std::uint32_t incarnations) {
  if (used_ * 2 > buckets_.size() * kWays && buckets_.size() < kLargest) {
    std::vector<Bucket> old(buckets_.size() * 2);
    old.swap(buckets_);
    used_ = 0;
    for (const Bucket& bucket : old) {
      for (std::size_t i = kWays; i-- > 0;) {
        if (bucket.entries[i] != 0) put(bucket.entries[i]);
      }
    }
  }
  put(tag(hash) | std::min<std::uint32_t>(incarnations, 0xFFFF));
}

std::uint32_t EndedTuples::recall(std::uint64_t hash) {
  auto& entries = buckets_[bucket_of(hash)].entries;
  for (std::size_t i = 0; i < kWays; ++i) {
    if (entries[i] == 0 || tag(entries[i]) != tag(hash)) continue;
    const auto count = static_cast<std::uint32_t>(entries[i] & 0xFFFF);
    std::copy(entries + i + 1, entries + kWays, entries + i);
    entries[kWays - 1] = 0;
    --used_;
    return count;
  }
  return 0;
}

}  // namespace tcpautopsy

// How many incarnations of its addresses there were before, for those of which none is live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tcpautopsy {

// Bounded: of very many addresses the longest untouched are forgotten, and count from 0 again. Two addresses
// whose hashes agree in 48 bits and their bucket would be taken for one.
class EndedTuples {
 public:
  EndedTuples() : buckets_(kSmallest) {}

  void remember(std::uint64_t hash, std::uint32_t incarnations);
  // Incarnations so far; forgets them.
  std::uint32_t recall(std::uint64_t hash);

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSmallest = 64, kLargest = 1 << 18;  // buckets
  struct Bucket {
    std::uint64_t entries[kWays] = {};  // upper 48 bits of the hash, then the count; the oldest last
  };

  static std::uint64_t tag(std::uint64_t hash) { return hash & ~std::uint64_t{0xFFFF}; }
  // By the low bits of the tag, so that a bucket can be split in two by what it holds.
  std::size_t bucket_of(std::uint64_t hash) const { return (hash >> 16) & (buckets_.size() - 1); }
  void put(std::uint64_t entry);

  std::vector<Bucket> buckets_;
  std::size_t used_ = 0;
};

}  // namespace tcpautopsy

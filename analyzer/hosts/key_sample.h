// Counts of many keys (source addresses of a flood) in bounded room: all of them while they are few, then a
// fair sample.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/hosts/key_table.h"

namespace tcpautopsy {

// Keeps the `kMost` keys of the smallest hashes with their values. A key that is among them in the end was
// so from its first appearance, in every part: its value is complete, and merging in any order gives the same
// sample. Value needs `merge(const Value&)`; Key needs the comparisons.
template <class Key, class Value, std::size_t kMost = 1024>
class KeySample {
 public:
  // The value to add to, or nullptr for a key that is not in the sample. Good until the next call.
  Value* find_or_add(const Key& key, std::uint64_t hash) {
    if (hash > limit_) return nullptr;
    if (kept_.size() == kMost / 2) kept_.reserve(kRoom + 1);
    Value& value = kept_.find_or_add(key, hash);
    if (kept_.size() <= kRoom) return &value;
    drop_beyond(limit());
    return kept_.find(key, hash);
  }

  void merge(const KeySample& part) {
    drop_beyond(std::min(limit_, part.limit_));
    for (const auto& [hash, key, value] : part.kept_)
      if (Value* mine = find_or_add(key, hash)) mine->merge(value);
  }

  // How many different keys there were: exact while none was left out, then within some 3 % (1/sqrt(kMost)).
  std::uint64_t distinct() const {
    const std::size_t kept = size();
    if (complete() || kept == 0) return kept;
    const double share = (static_cast<double>(limit()) + 1) / 18446744073709551616.0;
    return static_cast<std::uint64_t>(static_cast<double>(kept) / share);
  }
  bool complete() const { return limit() == kNoLimit; }
  std::size_t size() const {
    if (kept_.size() <= kMost) return kept_.size();
    const auto within = [most = limit()](const Kept& kept) { return kept.hash <= most; };
    return static_cast<std::size_t>(std::count_if(kept_.begin(), kept_.end(), within));
  }

  // f(Key, Value)
  template <class F>
  void each_in_any_order(F f) const {
    const std::uint64_t most = limit();
    for (const Kept& kept : kept_)
      if (kept.hash <= most) f(kept.key, kept.value);
  }
  // f(Key, Value) for those that `wanted(Key, Value)`, in the order of their hashes.
  template <class Wanted, class F>
  void each(Wanted wanted, F f) const {
    const std::uint64_t most = limit();
    std::vector<const Kept*> told;
    for (const Kept& kept : kept_)
      if (kept.hash <= most && wanted(kept.key, kept.value)) told.push_back(&kept);
    std::sort(told.begin(), told.end(), [](const Kept* a, const Kept* b) {
      return a->hash != b->hash ? a->hash < b->hash : a->key < b->key;
    });
    for (const Kept* kept : told) f(kept->key, kept->value);
  }
  template <class F>
  void each(F f) const {
    each([](const Key&, const Value&) { return true; }, f);
  }

 private:
  using Kept = typename KeyTable<Key, Value>::Entry;
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  // Those that are too many are dropped only when there are so many.
  static constexpr std::size_t kRoom = kMost + kMost / 8;

  // The greatest hash that is kept. One hash may stand for several keys: they stay or go together.
  std::uint64_t limit() const {
    if (kept_.size() <= kMost) return limit_;
    std::vector<std::uint64_t> hashes;
    for (const Kept& kept : kept_) hashes.push_back(kept.hash);
    const auto first_out = hashes.begin() + static_cast<std::ptrdiff_t>(kMost);
    std::nth_element(hashes.begin(), first_out, hashes.end());
    return *first_out - 1;
  }
  void drop_beyond(std::uint64_t most) {
    if (most == limit_) return;
    limit_ = most;
    kept_.drop_if([most](const Kept& kept) { return kept.hash > most; });
  }

  KeyTable<Key, Value> kept_;
  std::uint64_t limit_ = kNoLimit;
};

}  // namespace tcpautopsy

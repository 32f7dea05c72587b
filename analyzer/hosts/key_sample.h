// Counts of many keys (source addresses of a flood) in bounded room: all of them while they are few, then a
// fair sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>

namespace tcpautopsy {

// Keeps the `kMost` keys of the smallest hashes with their values. A key that is among them in the end was
// so from its first appearance, in every part: its value is complete, and merging in any order gives the same
// sample. Value needs `merge(const Value&)`; Key needs operator<.
template <class Key, class Value, std::size_t kMost = 1024>
class KeySample {
 public:
  // The value to add to, or nullptr for a key that is not in the sample.
  Value* find_or_add(const Key& key, std::uint64_t hash) {
    if (hash > limit_) return nullptr;
    Value& value = kept_[Place{hash, key}];
    shrink();
    return hash > limit_ ? nullptr : &value;
  }

  void merge(const KeySample& part) {
    limit_ = part.limit_ < limit_ ? part.limit_ : limit_;
    for (const auto& [place, value] : part.kept_) kept_[place].merge(value);
    drop_beyond_limit();
    shrink();
  }

  // How many different keys there were: exact while none was left out, then within some 3 % (1/sqrt(kMost)).
  std::uint64_t distinct() const {
    if (limit_ == kNoLimit || kept_.empty()) return kept_.size();
    const double share = (static_cast<double>(limit_) + 1) / 18446744073709551616.0;
    return static_cast<std::uint64_t>(static_cast<double>(kept_.size()) / share);
  }
  bool complete() const { return limit_ == kNoLimit; }
  std::size_t size() const { return kept_.size(); }

  template <class F>
  void each(F f) const {
    for (const auto& [place, value] : kept_) f(place.key, value);
  }

 private:
  struct Place {
    std::uint64_t hash;
    Key key;
    bool operator<(const Place& o) const { return hash != o.hash ? hash < o.hash : key < o.key; }
  };
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

  // One hash may stand for several keys: they stay or go together.
  void shrink() {
    while (kept_.size() > kMost) {
      limit_ = std::prev(kept_.end())->first.hash - 1;
      drop_beyond_limit();
    }
  }
  void drop_beyond_limit() {
    while (!kept_.empty() && std::prev(kept_.end())->first.hash > limit_) kept_.erase(std::prev(kept_.end()));
  }

  std::map<Place, Value> kept_;
  std::uint64_t limit_ = kNoLimit;  // hashes above it are not kept
};

}  // namespace tcpautopsy

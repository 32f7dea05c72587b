// What is known of each of many keys (hosts, services) in bounded room: of every one while they are few, then
// of the busy ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "analyzer/hosts/key_table.h"
#include "analyzer/hosts/keys.h"

namespace tcpautopsy {

// Some flows of many, chosen fairly: those of the smallest hashes. The same whatever the order they come in.
template <class Key>
class FlowSample {
 public:
  static constexpr std::size_t kMost = 20;  // as many as a finding names

  struct One {
    std::uint64_t hash = 0, flow = 0;
    Key key{};
    bool operator<(const One& o) const { return std::tie(hash, flow, key) < std::tie(o.hash, o.flow, o.key); }
    bool operator==(const One& o) const { return flow == o.flow && key == o.key; }
  };

  void add(std::uint64_t flow, const Key& key) { add(One{mix(flow), flow, key}); }
  void add(const One& one) {
    if (chosen_.size() == kMost && (one.hash > chosen_.back().hash || !(one < chosen_.back()))) return;
    const auto at = std::lower_bound(chosen_.begin(), chosen_.end(), one);
    if (at != chosen_.end() && *at == one) return;
    chosen_.insert(at, one);
    if (chosen_.size() > kMost) chosen_.pop_back();
  }
  const std::vector<One>& chosen() const { return chosen_; }

 private:
  std::vector<One> chosen_;
};

// Each key has its own Value until there are more than kRoom notes, of which a key's count up to kHeavy; then
// keys share the values of kSlots slots, by their hashes. A busy key still stands out in its slot: a fair
// sample of the slot's flows tells which it is, and how much of the slot is its own. Both forms and the
// change between them depend only on what was noted, not on the order: parts merge to the bit. Value needs
// `merge(const Value&)`.
template <class Key, class Value>
class BusyTable {
 public:
  static constexpr std::size_t kRoom = 65536, kHeavy = 1024, kSlots = 512;
  static constexpr double kOwn = 0.75;  // the share of its slot from which on a key is told

  struct Known {
    Key key{};
    const Value* value = nullptr;
    std::uint64_t flows = 0;  // noted
    double share = 1;         // how much of `value` is of this key, less than 1 only where slots are shared
    const FlowSample<Key>* chosen = nullptr;  // of all keys that share the value

    // Numbers of some of its flows, in order.
    std::vector<std::uint64_t> sample() const {
      std::vector<std::uint64_t> numbers;
      for (const auto& one : chosen->chosen())
        if (one.key == key) numbers.push_back(one.flow);
      std::sort(numbers.begin(), numbers.end());
      return numbers;
    }
  };

  // `change(value)` adds what flow number `flow` brings. Once for each key of a flow.
  template <class F>
  void note(const Hashed<Key>& key, std::uint64_t flow, F change) {
    Entry& entry = folded() ? slots_[key.hash % kSlots] : own_.find_or_add(key.key, key.hash);
    entry.sample.add(flow, key.key);
    if (!folded()) weight_ += entry.flows < kHeavy;
    ++entry.flows;
    change(entry.value);
    if (weight_ > kRoom) fold();
  }

  void merge(const BusyTable& part) {
    if (part.folded() && !folded()) fold();
    for (const auto& [hash, key, entry] : part.own_) {
      if (folded()) {
        pour(hash % kSlots, entry);
      } else {
        Entry& mine = own_.find_or_add(key, hash);
        weight_ -= std::min<std::uint64_t>(mine.flows, kHeavy);
        mine.merge(entry);
        weight_ += std::min<std::uint64_t>(mine.flows, kHeavy);
        if (weight_ > kRoom) fold();
      }
    }
    for (std::size_t i = 0; i < part.slots_.size(); ++i) pour(i, part.slots_[i]);
  }

  // All keys, or those that stand out, for which `wanted(Known)`; ordered by key.
  template <class Wanted>
  std::vector<Known> known(Wanted wanted) const {
    std::vector<Known> all;
    const auto tell = [&](const Key& key, const Entry& entry, double share) {
      const Known one{key, &entry.value, entry.flows, share, &entry.sample};
      if (wanted(one)) all.push_back(one);
    };
    for (const auto& [hash, key, entry] : own_) tell(key, entry, 1);
    for (const Entry& slot : slots_) {
      const auto [key, share] = main_key(slot);
      if (share >= kOwn) tell(key, slot, share);
    }
    std::sort(all.begin(), all.end(), [](const Known& a, const Known& b) { return a.key < b.key; });
    return all;
  }
  std::vector<Known> known() const {
    return known([](const Known&) { return true; });
  }
  const Value* find(const Key& key) const {
    if (!folded()) {
      const Entry* const found = own_.find(key, key_hash(key));
      return found == nullptr ? nullptr : &found->value;
    }
    const Entry& slot = slots_[key_hash(key) % kSlots];
    const auto [main, share] = main_key(slot);
    return share >= kOwn && main == key ? &slot.value : nullptr;
  }
  bool folded() const { return !slots_.empty(); }

 private:
  struct Entry {
    FlowSample<Key> sample;
    std::uint64_t flows = 0;
    Value value{};
    void merge(const Entry& part) {
      for (const auto& one : part.sample.chosen()) sample.add(one);
      flows += part.flows;
      value.merge(part.value);
    }
  };

  void pour(std::size_t slot, const Entry& entry) {
    if (entry.flows > 0) slots_[slot].merge(entry);
  }
  void fold() {
    slots_.resize(kSlots);
    for (const auto& [hash, key, entry] : own_) pour(hash % kSlots, entry);
    own_ = {};
    weight_ = 0;
  }
  static std::pair<Key, double> main_key(const Entry& slot) {
    const auto& chosen = slot.sample.chosen();
    std::pair<Key, double> main;
    for (const auto& one : chosen) {
      const auto same =
          std::count_if(chosen.begin(), chosen.end(), [&](const auto& o) { return o.key == one.key; });
      const double share = static_cast<double>(same) / static_cast<double>(chosen.size());
      if (share > main.second) main = {one.key, share};
    }
    return main;
  }

  KeyTable<Key, Entry> own_;
  std::vector<Entry> slots_;  // empty until keys share
  std::uint64_t weight_ = 0;  // notes in `own_`
};

}  // namespace tcpautopsy

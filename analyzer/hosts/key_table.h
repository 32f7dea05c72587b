// Values by key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "analyzer/flow/secret_hash.h"

namespace tcpautopsy {

// Entries lie one after the other in the order they came in; a new one may move them. Key needs operator==
// and secret_hash(); `hash` is what its owner goes by, the same in every run.
template <class Key, class Value>
class KeyTable {
 public:
  struct Entry {
    std::uint64_t hash = 0;
    Key key{};
    Value value{};
  };

  const Value* find(const Key& key, std::uint64_t hash) const {
    const Slot slot = found(key, hash);
    return slot == 0 ? nullptr : &entries_[slot - 1].value;
  }
  Value* find(const Key& key, std::uint64_t hash) {
    const Slot slot = found(key, hash);
    return slot == 0 ? nullptr : &entries_[slot - 1].value;
  }
  Value& find_or_add(const Key& key, std::uint64_t hash) {
    if (entries_.size() * 2 >= slots_.size()) index_all(slots_.empty() ? 8 : slots_.size() * 2);
    Slot& slot = slots_[slot_of(key, hash)];
    if (slot == 0) {
      entries_.push_back({hash, key, Value{}});
      slot = static_cast<Slot>(entries_.size());
    }
    return entries_[slot - 1].value;
  }
  // Room for so many: doubled it could be nearly twice of it.
  void reserve(std::size_t entries) { entries_.reserve(entries); }
  template <class F>
  void drop_if(F unwanted) {
    std::erase_if(entries_, unwanted);
    index_all(slots_.size());
  }

  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  using Slot = std::uint32_t;  // the number of an entry + 1, or 0

  Slot found(const Key& key, std::uint64_t hash) const {
    return slots_.empty() ? Slot{0} : slots_[slot_of(key, hash)];
  }
  // The slot of the key, or the free one where it belongs.
  std::size_t slot_of(const Key& key, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = secret_hash(key) & mask;; i = (i + 1) & mask) {
      if (slots_[i] == 0) return i;
      const Entry& entry = entries_[slots_[i] - 1];
      if (entry.hash == hash && entry.key == key) return i;
    }
  }
  void index_all(std::size_t slots) {
    slots_.assign(slots, Slot{0});
    for (std::size_t i = 0; i < entries_.size(); ++i)
      slots_[slot_of(entries_[i].key, entries_[i].hash)] = static_cast<Slot>(i + 1);
  }

  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // a power of two of them, at least twice as many as entries
};

}  // namespace tcpautopsy

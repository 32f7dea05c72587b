// What happened when, summed by step of time, in bounded room.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Entries of one moment and kind are joined. Moments are exact until there are `kMost` entries; then they are
// rounded to ever longer steps (powers of two nanoseconds since the epoch), as few as needed. Whatever the
// order in which entries are added and parts merged, the result is the same to the bit.
//
// `Entry` has kind(), join(const Entry&), where the order does not matter, and coarser(step, by): the step of
// 1 << by steps that holds the given one.
template <class Entry, std::size_t kMost>
class TimedSteps {
 public:
  void add(TimeNs at_ns, const Entry& entry) { put(Entry::coarser(at_ns, shift_), entry); }

  void merge(const TimedSteps& part) {
    if (part.shift_ > shift_) coarsen(part.shift_ - shift_);
    for (const Placed& placed : part.entries_)
      put(Entry::coarser(placed.step, shift_ - part.shift_), placed.entry);
  }

  bool empty() const { return entries_.empty(); }
  TimeNs step_ns() const { return TimeNs{1} << (entries_.size() <= kMost ? shift_ : in_order().shift_); }

  // f(TimeNs step's time, const Entry&), ordered by time and kind.
  template <class F>
  void each(F f) const {
    const TimedSteps all = in_order();
    for (const Placed& placed : all.entries_) f(placed.step << all.shift_, placed.entry);
  }

 private:
  struct Placed {
    TimeNs step;  // in steps of 1 << shift_
    Entry entry;

    auto place() const { return std::pair(step, entry.kind()); }
  };
  // One of those that find an entry by the hash of its place: its number + 1, or 0 for none.
  using Slot = std::uint16_t;

  // So many entries are looked through one by one.
  static constexpr std::size_t kFew = 16;
  // Steps become longer only when there are so many: that is work, and soon due again where few can go.
  static constexpr std::size_t kRoom = kMost + kMost / 4;
  static constexpr std::size_t kMostSlots = 2 * kMost;
  static constexpr unsigned kLongest = 62;  // such steps hold all of time
  static_assert(std::has_single_bit(kMost) && kRoom < 65535);

  void put(TimeNs step, const Entry& entry) {
    const auto [there, slot] = find(step, entry.kind(), entries_.size());
    if (there != nullptr)
      there->entry.join(entry);
    else
      append({step, entry}, slot);
  }

  struct Place {
    Placed* there = nullptr;
    std::size_t slot = 0;  // where it belongs in slots_
  };
  // Among the first `count` entries.
  Place find(TimeNs step, auto kind, std::size_t count) {
    if (!slots_.empty()) {
      const std::size_t slot = slot_of(step, kind, 0);
      return {slots_[slot] == 0 ? nullptr : &entries_[slots_[slot] - 1U], slot};
    }
    for (std::size_t i = count; i-- > 0;)
      if (entries_[i].step == step && entries_[i].entry.kind() == kind) return {&entries_[i], 0};
    return {};
  }

  // The slot of an entry, or the free one where it belongs; `by` is added to the steps of all entries.
  std::size_t slot_of(TimeNs step, auto kind, unsigned by) const {
    constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15U;  // 2^64 by the golden ratio
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t hash =
        ((static_cast<std::uint64_t>(step) << 4) + static_cast<std::uint64_t>(kind)) * kSpread;
    for (std::size_t i = hash >> 40;; ++i) {
      i &= mask;
      if (slots_[i] == 0) return i;
      const Placed& there = entries_[slots_[i] - 1U];
      if (Entry::coarser(there.step, by) == step && there.entry.kind() == kind) return i;
    }
  }

  void append(const Placed& placed, std::size_t slot) {
    if (entries_.empty()) entries_.reserve(4);
    if (entries_.size() == kMost) entries_.reserve(kRoom + 1);
    entries_.push_back(placed);
    if (entries_.size() > kRoom)
      coarsen(shift_needed());
    else if (entries_.size() > std::max(kFew, slots_.size() / 2) && slots_.size() < kMostSlots)
      index_all();
    else if (!slots_.empty())
      slots_[slot] = static_cast<Slot>(entries_.size());
  }

  void index_all() {
    slots_.assign(std::clamp(std::bit_ceil(4 * entries_.size()), 8 * kFew, kMostSlots), Slot{0});
    for (std::size_t i = 0; i < entries_.size(); ++i)
      slots_[slot_of(entries_[i].step, entries_[i].entry.kind(), 0)] = static_cast<Slot>(i + 1);
  }

  // Whether no more than kMost entries are left with steps 1 << by times as long.
  bool fits(unsigned by) {
    slots_.assign(kMostSlots, Slot{0});
    std::size_t count = 0;
    for (std::size_t i = 0; i < entries_.size() && count <= kMost; ++i) {
      const Placed& placed = entries_[i];
      Slot& slot = slots_[slot_of(Entry::coarser(placed.step, by), placed.entry.kind(), by)];
      if (slot != 0) continue;
      slot = static_cast<Slot>(i + 1);
      ++count;
    }
    return count <= kMost;
  }

  // By how much steps must become longer at the least.
  unsigned shift_needed() {
    unsigned too_little = 0, enough = first_guess();
    for (; !fits(enough); ++enough) too_little = enough;
    while (enough - too_little > 1) {
      const unsigned middle = enough - std::max(1U, (enough - too_little) / 4);
      (fits(middle) ? enough : too_little) = middle;
    }
    return enough;
  }

  // Where moments are spread evenly, about so much: the truth is mostly a little less.
  unsigned first_guess() const {
    const auto [first, last] = std::minmax_element(
        entries_.begin(), entries_.end(), [](const Placed& a, const Placed& b) { return a.step < b.step; });
    const auto steps = static_cast<std::uint64_t>(last->step) - static_cast<std::uint64_t>(first->step);
    return std::clamp(static_cast<unsigned>(std::bit_width(steps / kMost)), 1U, kLongest);
  }

  void coarsen(unsigned by) {
    shift_ += by;
    std::fill(slots_.begin(), slots_.end(), Slot{0});
    std::size_t kept = 0;
    for (const Placed& fine : entries_) {
      const TimeNs step = Entry::coarser(fine.step, by);
      const auto [there, slot] = find(step, fine.entry.kind(), kept);
      if (there != nullptr) {
        there->entry.join(fine.entry);
        continue;
      }
      entries_[kept++] = {step, fine.entry};
      if (!slots_.empty()) slots_[slot] = static_cast<Slot>(kept);
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept), entries_.end());
  }

  // A copy, for reading only.
  TimedSteps in_order() const {
    TimedSteps copy;
    copy.entries_ = entries_;
    copy.shift_ = shift_;
    if (entries_.size() > kMost) copy.coarsen(copy.shift_needed());
    std::sort(copy.entries_.begin(), copy.entries_.end(),
              [](const Placed& a, const Placed& b) { return a.place() < b.place(); });
    return copy;
  }

  std::vector<Placed> entries_;
  std::vector<Slot> slots_;  // a power of two of them; none while entries are few
  unsigned shift_ = 0;
};

}  // namespace tcpautopsy

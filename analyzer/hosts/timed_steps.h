// What happened when, summed by step of time, in bounded room.
#pragma once

#include <algorithm>
#include <cstddef>
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
  void add(TimeNs at_ns, const Entry& entry) {
    const TimeNs step = Entry::coarser(at_ns, shift_);
    if (shift_ > 0 && joined_with_one_just_added(step, entry)) return;
    if (entries_.size() == kMost) entries_.reserve(kMost + kMost / 4);
    entries_.push_back({step, entry});
    if (tail_is_long()) join_all();
  }

  void merge(const TimedSteps& part) {
    if (part.shift_ > shift_) coarsen(part.shift_ - shift_);
    for (const Placed& placed : part.entries_)
      entries_.push_back({Entry::coarser(placed.step, shift_ - part.shift_), placed.entry});
    if (tail_is_long()) join_all();
  }

  bool empty() const { return entries_.empty(); }
  TimeNs step_ns() const { return TimeNs{1} << joined().shift_; }

  // f(TimeNs step's time, const Entry&), ordered by time and kind.
  template <class F>
  void each(F f) const {
    const TimedSteps all = joined();
    for (const Placed& placed : all.entries_) f(placed.step << all.shift_, placed.entry);
  }

 private:
  struct Placed {
    TimeNs step;  // in steps of 1 << shift_
    Entry entry;

    auto place() const { return std::pair(step, entry.kind()); }
  };
  // So far back an entry is looked for that the next one may be joined with: connections that end one after
  // the other often go through the same states within the same steps.
  static constexpr std::size_t kLookBack = 16;
  // So many unsorted entries are let wait at least; no fewer than a quarter of the sorted ones.
  static constexpr std::size_t kFewest = 64;

  bool tail_is_long() const { return entries_.size() >= sorted_ + std::max(sorted_ / 4, kFewest); }

  bool joined_with_one_just_added(TimeNs step, const Entry& entry) {
    const std::size_t stop = entries_.size() - std::min(kLookBack, entries_.size() - sorted_);
    for (std::size_t i = entries_.size(); i > stop; --i) {
      Placed& placed = entries_[i - 1];
      if (placed.step != step || placed.entry.kind() != entry.kind()) continue;
      placed.entry.join(entry);
      return true;
    }
    return false;
  }

  void coarsen(unsigned by) {
    shift_ += by;
    for (Placed& placed : entries_) placed.step = Entry::coarser(placed.step, by);
    sorted_ = 0;  // kinds of steps that are one now stand one after the other
  }

  void join_all() {
    for (;;) {
      sort();
      join_sorted();
      if (entries_.size() <= kMost) return;
      coarsen(1);
    }
  }

  void sort() {
    const auto before = [](const Placed& a, const Placed& b) { return a.place() < b.place(); };
    const auto tail = entries_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(tail, entries_.end(), before);
    std::inplace_merge(entries_.begin(), tail, entries_.end(), before);
  }

  void join_sorted() {
    std::size_t out = 0;
    for (const Placed& placed : entries_) {
      if (out > 0 && entries_[out - 1].place() == placed.place()) {
        entries_[out - 1].entry.join(placed.entry);
      } else {
        entries_[out++] = placed;
      }
    }
    entries_.resize(out);
    sorted_ = out;
  }

  TimedSteps joined() const {
    TimedSteps copy = *this;
    copy.join_all();
    return copy;
  }

  std::vector<Placed> entries_;
  std::size_t sorted_ = 0;  // entries before this are in order
  unsigned shift_ = 0;
};

}  // namespace tcpautopsy

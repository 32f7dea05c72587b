// Few ranges [begin, end) in a vector, apart from each other. Their owner bounds how many there are.
//
// `Range` has `begin` and `end`, and whatever else is known of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tcpautopsy {

// Among ranges in order: one more, joined with those that it overlaps or touches. join(into, other) brings
// together what else is known of the two.
template <class Range, class Join>
void add_range(std::vector<Range>& ranges, Range fresh, Join join) {
  const auto first = std::partition_point(ranges.begin(), ranges.end(),
                                          [&fresh](const Range& r) { return r.end < fresh.begin; });
  auto last = first;
  for (; last != ranges.end() && last->begin <= fresh.end; ++last) {
    fresh.begin = std::min(fresh.begin, last->begin);
    fresh.end = std::max(fresh.end, last->end);
    join(fresh, *last);
  }
  if (first == last) {
    ranges.insert(first, fresh);
    return;
  }
  *first = fresh;
  ranges.erase(first + 1, last);
}

// Takes [begin, end) out of the ranges, in order or not, and calls taken(from, to) for each part that was
// there. False: nothing was.
template <class Range, class Offset, class F>
bool cut_ranges(std::vector<Range>& ranges, Offset begin, Offset end, F taken) {
  bool any = false;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const Range whole = ranges[i];
    if (whole.end <= begin || end <= whole.begin) continue;
    any = true;
    taken(std::max(begin, whole.begin), std::min(end, whole.end));
    const auto at = ranges.begin() + static_cast<std::ptrdiff_t>(i);
    const bool before = whole.begin < begin, behind = end < whole.end;
    if (before) at->end = begin;
    if (before && behind) {
      ranges.insert(at + 1, whole)->begin = end;
      ++i;
    } else if (behind) {
      at->begin = end;
    } else if (!before) {
      ranges.erase(at);
      --i;
    }
  }
  return any;
}

}  // namespace tcpautopsy

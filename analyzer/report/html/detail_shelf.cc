#include "analyzer/report/html/detail_shelf.h"

#include <algorithm>
#include <iterator>

namespace tcpautopsy {

void DetailShelf::offer(std::uint64_t flow, std::optional<std::uint32_t> cause, std::uint64_t octets,
                        const std::function<std::string()>& make) {
  Group& group = cause ? by_cause_[*cause] : largest_;
  const std::size_t most = cause ? kPerCause : kLargest;
  const std::pair place(cause ? flow : ~octets, flow);
  if (group.size() >= most && place > group.rbegin()->first) return;
  std::string& detail = group[place];
  octets_ -= detail.size();
  detail = make();
  octets_ += detail.size();
  if (group.size() > most) drop_last(group);
  make_room();
}

void DetailShelf::drop_last(Group& group) {
  const auto last = std::prev(group.end());
  octets_ -= last->second.size();
  group.erase(last);
}

// Of the group that has most, so that each cause keeps one as long as any has two.
void DetailShelf::make_room() {
  while (octets_ > most_octets_) {
    Group* fullest = &largest_;
    for (auto& [cause, group] : by_cause_)
      if (group.size() > fullest->size()) fullest = &group;
    if (fullest->empty()) return;
    drop_last(*fullest);
  }
}

std::map<std::uint64_t, std::string> DetailShelf::release() {
  std::map<std::uint64_t, std::string> all;
  for (auto& [place, detail] : largest_) all.emplace(place.second, std::move(detail));
  for (auto& [cause, group] : by_cause_)
    for (auto& [place, detail] : group) all.emplace(place.second, std::move(detail));
  return all;
}

}  // namespace tcpautopsy

#include "analyzer/infer/shown_states.h"

#include <algorithm>
#include <tuple>

namespace tcpautopsy {
namespace {

RecordIndex first_after(const FlowHistory& h, const Transition& t) {
  const auto is_before = [&t](const SegmentRecord& r) {
    if (!t.frame) return r.frame.time_ns <= t.time_ns;
    return std::tie(r.frame.file, r.frame.number) < std::tie(t.frame->file, t.frame->number);
  };
  const auto& records = h.records();
  return static_cast<RecordIndex>(std::partition_point(records.begin(), records.end(), is_before) -
                                  records.begin());
}

}  // namespace

std::vector<RecordIndex> shown_at(const FlowHistory& h) {
  std::vector<RecordIndex> at;
  at.reserve(h.transitions.size());
  PerSide<RecordIndex> latest{}, beyond_packets{};
  for (const Transition& t : h.transitions) {
    const std::size_t s = index(t.side);
    latest[s] = std::max(latest[s], t.record != kNoRecord ? t.record : first_after(h, t));
    // What a timer changed is not shown beside the packet of a change before it.
    if (t.frame)
      beyond_packets[s] = latest[s] + 1;
    else
      latest[s] = std::max(latest[s], beyond_packets[s]);
    at.push_back(latest[s]);
  }
  return at;
}

std::vector<ShownStates> shown_states(const FlowHistory& h) {
  std::vector<ShownStates> shown(h.records().size());
  const std::vector<RecordIndex> at = shown_at(h);
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t s = index(side);
    RecordIndex next = 0;
    const auto until = [&](RecordIndex end, TcpState state) {
      for (; next < std::min(end, shown.size()); ++next) {
        shown[next].after[s] = state;
        shown[next].possible[s] = h.beliefs[next].kept[s];
        if (state != TcpState::Unknown) shown[next].possible[s].add(state);
      }
    };
    TcpState state = h.before(0, side);
    for (std::size_t i = 0; i < h.transitions.size(); ++i) {
      if (h.transitions[i].side != side) continue;
      until(at[i], state);
      state = h.transitions[i].to;
    }
    until(shown.size(), state);
  }
  return shown;
}

}  // namespace tcpautopsy

#include "analyzer/infer/shown_states.h"

#include <algorithm>

#include "analyzer/infer/transitions.h"
#include "analyzer/seq/frame_order.h"

namespace tcpautopsy {
namespace {

template <class Before>
RecordIndex count_while(const FlowHistory& h, Before before) {
  const auto& records = h.records();
  return static_cast<RecordIndex>(std::partition_point(records.begin(), records.end(), before) -
                                  records.begin());
}

RecordIndex first_after(const FlowHistory& h, const Transition& t) {
  return count_while(h, [&t](const SegmentRecord& r) {
    return t.frame ? comes_before(r.frame, *t.frame) : r.frame.time_ns <= t.time_ns;
  });
}

// One frame may hold several segments of a connection.
RecordIndex beyond_frame(const FlowHistory& h, RecordIndex record) {
  const auto& records = h.records();
  RecordIndex next = record + 1;
  while (next < records.size() && records[next].frame.number == records[record].frame.number) ++next;
  return next;
}

// An end whose attempt to connect the error may have ended, unless a later packet says otherwise.
void add_aborted(StateSet& possible, const FlowHistory& h, RecordIndex next, std::size_t side) {
  const StateSet before = possible;
  before.each([&](TcpState state) {
    const ArriveRow* row = arrive(state, kGotIcmp);
    if (row != nullptr && (next == h.records().size() || h.beliefs[next].kept[side].has(row->to)))
      possible.add(row->to);
  });
}

ShownStates shown_at(const FlowHistory& h, const std::vector<RecordIndex>& at, const IcmpRecord& error) {
  const RecordIndex next =
      count_while(h, [&error](const SegmentRecord& r) { return comes_before(r.frame, error.frame); });
  const auto told_by_now = [&](std::size_t i) {
    const Transition& t = h.transitions[i];
    if (at[i] < next || t.record != kNoRecord) return at[i] < next;
    return t.frame ? !comes_before(error.frame, *t.frame) : t.time_ns <= error.frame.time_ns;
  };
  ShownStates shown;
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t s = index(side);
    TcpState state = h.before(0, side);
    for (std::size_t i = 0; i < h.transitions.size(); ++i) {
      if (h.transitions[i].side != side) continue;
      if (!told_by_now(i)) break;
      state = h.transitions[i].to;
    }
    shown.after[s] = state;
    if (next > 0) shown.possible[s] = h.beliefs[next - 1].kept[s];
    if (error.quoted == side) add_aborted(shown.possible[s], h, next, s);
    if (state != TcpState::Unknown) shown.possible[s].add(state);
  }
  return shown;
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
      beyond_packets[s] = beyond_frame(h, latest[s]);
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

std::vector<ShownStates> shown_states_at_errors(const FlowHistory& h) {
  std::vector<ShownStates> shown;
  if (h.trace.icmp.empty()) return shown;
  const std::vector<RecordIndex> at = shown_at(h);
  for (const IcmpRecord& error : h.trace.icmp) shown.push_back(shown_at(h, at, error));
  return shown;
}

}  // namespace tcpautopsy

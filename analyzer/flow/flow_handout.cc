// When flows are over, and what their receiver is given.
#include <algorithm>
#include <limits>
#include <tuple>

#include "analyzer/flow/flow_table_state.h"

namespace tcpautopsy {
namespace {

// Both ends have sent FIN, one was not acknowledged in this capture: no host sends it again after so long
// (Linux gives data up after 924 s, and orphaned FINs sooner).
constexpr TimeNs kUnacknowledged = 1000 * kSecond;
// Who did not get a RST sends again, at last every 120 s (Linux's TCP_RTO_MAX), and meets another.
constexpr TimeNs kAfterReset = 130 * kSecond;

}  // namespace

void FlowTable::State::look_again(Id id, LiveFlow& flow) {
  if (flow.queued) return;
  flow.queued = true;
  due_.push({flow.last_ns() + options.time_wait, id, flow.number});
}

void FlowTable::State::hand_out_due(TimeNs now) {
  while (!due_.empty() && due_.top().at_ns <= now) {
    const Due due = due_.top();
    due_.pop();
    if (!flows_.holds(due.flow, due.number)) continue;
    LiveFlow& flow = flows_[due.flow];
    const bool ended = flow.over() || flow.newer != LiveFlows::kNone;
    if (hand_out_if_given_up(due.flow, now)) continue;
    if (!ended && !flow.closed()) {
      flow.queued = false;
      continue;
    }
    const TimeNs least = !ended ? kUnacknowledged : flow.reset() ? kAfterReset : 0;
    const TimeNs wait = std::max(options.time_wait, least);
    if (held_.count(flow.newer) != 0) {  // may yet turn out to go on
      due_.push({now + wait, due.flow, due.number});
      continue;
    }
    if (flow.last_ns() + wait > now) {
      due_.push({flow.last_ns() + wait, due.flow, due.number});
      continue;
    }
    hand_out(due.flow);
  }
}

void FlowTable::State::note_opened(Id flow, TimeNs now) {
  constexpr TimeNs kMost = std::numeric_limits<std::uint32_t>::max();
  const TimeNs since = std::clamp<TimeNs>((now - begin_ns_) / kSecond + 1, 0, kMost);
  opened_.push_back({static_cast<std::uint32_t>(since), flow});
}

bool FlowTable::State::hand_out_if_given_up(Id id, TimeNs now) {
  const LiveFlow& flow = flows_[id];
  if (!flow.only_opening() || flow.held || flow.newer != LiveFlows::kNone) return false;
  if (flow.last_ns() + options.give_up > now) {
    due_.push({flow.last_ns() + options.give_up, id, flow.number});
  } else {
    hand_out(id);
  }
  return true;
}

void FlowTable::State::hand_out_unopened(TimeNs now) {
  while (!opened_.empty() && given_up_ns(opened_.front()) <= now) {
    const Id id = opened_.front().flow;
    opened_.pop_front();
    if (flows_.holds(id)) hand_out_if_given_up(id, now);
    flows_.put_to_sleep();
  }
}

void FlowTable::State::hand_out(Id id) {
  flows_.put_to_sleep();
  const Id older = flows_.to_conclude(id).older;
  if (older != LiveFlows::kNone) hand_out(older);
  LiveFlow& flow = flows_[id];
  const bool capture = pairs_.copied(flow.pair);
  EndedFlow ended = flow.conclude(capture);
  if (capture) {
    const std::uint64_t dropped = ended.trace.sides[0].copies + ended.trace.sides[1].copies;
    facts.copies_dropped += dropped;
    const FrameRef& first = flow.first_copy();
    FrameRef& earliest = facts.first_copy;
    if (dropped > 0 && (earliest.number == 0 ||
                        std::tie(first.file, first.number) < std::tie(earliest.file, earliest.number))) {
      earliest = first;
    }
  }
  if (ended.trace.successor && flow.newer != LiveFlows::kNone) ended.next = flows_[flow.newer].number;
  flows_.close(id);
  done(std::move(ended));
}

void FlowTable::State::finish() {
  while (!held_.empty()) opened_for_good(held_.begin()->first);
  for (const Id id : flows_.by_number()) hand_out(id);
  facts.copied_pairs = pairs_.copied_pairs();
}

}  // namespace tcpautopsy

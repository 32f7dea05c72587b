#include "analyzer/flow/endings.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tcpautopsy {
namespace {

// Both ends have sent FIN, one was not acknowledged in this capture: no host sends it again after so long
// (Linux gives data up after 924 s, and orphaned FINs sooner).
constexpr TimeNs kUnacknowledged = 1000 * kSecond;
// Who did not get a RST sends again, at last every 120 s (Linux's TCP_RTO_MAX), and meets another.
constexpr TimeNs kAfterReset = 130 * kSecond;

}  // namespace

void Endings::watch(Id id, LiveFlow& flow) {
  if (flow.queued) return;
  flow.queued = true;
  due_.push({flow.last_ns() + time_wait_, id, static_cast<std::uint32_t>(flow.number)});
}

void Endings::watch_opening(Id id, TimeNs now) {
  constexpr TimeNs kMost = std::numeric_limits<std::uint32_t>::max();
  const TimeNs since = std::clamp<TimeNs>((now - begin_ns_) / kSecond + 1, 0, kMost);
  opened_.push_back({static_cast<std::uint32_t>(since), id});
}

void Endings::forget_gone() {
  std::erase_if(opened_, [this](const Opened& opened) { return !flows_.holds(opened.flow); });
  auto all = std::exchange(due_, {});
  for (; !all.empty(); all.pop())
    if (flows_.holds(all.top().flow, all.top().number)) due_.push(all.top());
}

void Endings::forget_all() {
  opened_ = {};
  due_ = {};
}

Endings::Id Endings::find_over(TimeNs now) {
  while (any_due(now)) {
    const Due due = due_.top();
    due_.pop();
    if (flows_.holds(due.flow, due.number) && over(due, now)) return due.flow;
  }
  while (any_given_up(now)) {
    const Id id = opened_.front().flow;
    opened_.pop_front();
    if (flows_.holds(id) && look_at_opening(id, now) == Look::Over) return id;
    flows_.put_to_sleep();
  }
  return LiveFlows::kNone;
}

// If not, the flow is looked at again when it may be.
bool Endings::over(const Due& due, TimeNs now) {
  if (flows_.asleep(due.flow))
    if (const auto last_ns = flows_.over_since(due.flow)) return over_at(*last_ns + time_wait_, due, now);
  LiveFlow& flow = flows_[due.flow];
  const Look opening = look_at_opening(due.flow, now);
  if (opening != Look::NotAlone) return opening == Look::Over;
  const std::optional<TimeNs> wait = wait_after(flow);
  if (!wait) {
    flow.queued = false;
    return false;
  }
  const bool may_go_on = flow.newer != LiveFlows::kNone && flows_[flow.newer].held;
  const TimeNs at_ns = may_go_on ? now + *wait : flow.last_ns() + *wait;
  if (may_go_on) {
    due_.push({at_ns, due.flow, due.number});
    return false;
  }
  return over_at(at_ns, due, now);
}

// How long a flow that ends must be silent to be over; nothing if it does not end.
std::optional<TimeNs> Endings::wait_after(LiveFlow& flow) const {
  const bool ended = flow.over() || flow.newer != LiveFlows::kNone;
  if (!ended && !flow.closed()) return std::nullopt;
  const TimeNs least = !ended ? kUnacknowledged : flow.reset() ? kAfterReset : 0;
  return std::max(time_wait_, least);
}

bool Endings::silent_enough(LiveFlow& flow, TimeNs now) const {
  const std::optional<TimeNs> wait = wait_after(flow);
  return wait && flow.last_ns() + *wait <= now;
}

bool Endings::over_at(TimeNs at_ns, const Due& due, TimeNs now) {
  if (at_ns <= now) return true;
  due_.push({at_ns, due.flow, due.number});
  return false;
}

// Whether nothing but SYNs and SYN-ACKs came, and for long enough.
Endings::Look Endings::look_at_opening(Id id, TimeNs now) {
  const LiveFlow& flow = flows_[id];
  if (!flow.only_opening() || flow.held || flow.newer != LiveFlows::kNone) return Look::NotAlone;
  if (flow.last_ns() + give_up_ <= now) return Look::Over;
  due_.push({flow.last_ns() + give_up_, id, static_cast<std::uint32_t>(flow.number)});
  return Look::Later;
}

}  // namespace tcpautopsy

#include "analyzer/report/summary/timeline.h"

#include <algorithm>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {

void Timeline::widen() {
  step_ns_ = mul_sat(step_ns_, 2);
  for (std::size_t i = 0; i < spans_.size(); i += 2) {
    Span sum = spans_[i];
    if (i + 1 < spans_.size()) {
      const Span& next = spans_[i + 1];
      sum.octets += next.octets;
      sum.packets += next.packets;
      sum.resent += next.resent;
      for (std::size_t p = 0; p < kPhases; ++p) {
        sum.begun[p] += next.begun[p];
        sum.left[p] += next.left[p];
        sum.over[p] += next.over[p];
      }
    }
    spans_[i / 2] = sum;
  }
  spans_.resize((spans_.size() + 1) / 2);
}

// What is before the first segment, by clocks that were set back, counts as then.
Timeline::Span& Timeline::at(TimeNs time_ns) {
  if (!from_ns_) from_ns_ = time_ns;
  const TimeNs since = std::max<TimeNs>(sub_sat(time_ns, *from_ns_), 0);
  while (since / step_ns_ >= static_cast<TimeNs>(kMostSpans)) widen();
  const auto number = static_cast<std::size_t>(since / step_ns_);
  if (spans_.size() <= number) spans_.resize(number + 1);
  return spans_[number];
}

void Timeline::segment(TimeNs time_ns, std::uint64_t octets, bool resent) {
  Span& span = at(time_ns);
  span.octets += octets;
  ++span.packets;
  span.resent += resent ? 1 : 0;
}

void Timeline::segment_unfollowed(TimeNs time_ns, std::uint64_t octets, std::uint64_t followed) {
  segment(time_ns, octets, false);
  ++unfollowed_;
  followed_ = followed;
}

void Timeline::phase(Phase which, TimeNs from_ns, TimeNs until_ns, std::optional<Phase> next) {
  if (which == Phase::Closed) return;
  const auto p = static_cast<std::size_t>(which);
  ++at(from_ns).begun[p];
  Span& last = at(std::max(from_ns, until_ns));
  ++(next && *next != Phase::Closed ? last.left : last.over)[p];
}

void Timeline::flow(const FlowHistory& history, TimeNs end_ns) {
  const FlowTrace& trace = history.trace;
  PerSide<TcpState> states{history.before(0, Side::A), history.before(0, Side::B)};
  TimeNs since = trace.first.time_ns;
  // The states before the first segment say nothing of the time in which it passed.
  std::optional<Phase> now;
  for (const Transition& change : history.transitions) {
    states[index(change.side)] = change.to;
    const Phase next = phase_of(states, trace.self_connection);
    const TimeNs at_ns = std::clamp(change.time_ns, since, std::max(since, end_ns));
    if (now && next != *now) {
      phase(*now, since, at_ns, next);
      since = at_ns;
    }
    now = next;
  }
  phase(now.value_or(phase_of(states, trace.self_connection)), since, std::max(since, end_ns), std::nullopt);
}

Timeline::Columns Timeline::columns(std::size_t most) const {
  const std::size_t group = std::max<std::size_t>((spans_.size() + most - 1) / most, 1);
  Columns out{from_ns_.value_or(0), mul_sat(step_ns_, static_cast<TimeNs>(group)), {}, {}, {}};
  constexpr auto kEstablished = static_cast<std::size_t>(Phase::Established);
  std::uint64_t open = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (i % group == 0) {
      out.octets.push_back(0);
      out.resent.push_back(0);
      out.established.push_back(0);
    }
    const Span& span = spans_[i];
    const std::uint64_t at_once = open + span.begun[kEstablished];
    open = at_once - std::min(at_once, span.left[kEstablished] + span.over[kEstablished]);
    out.octets.back() += span.octets;
    out.resent.back() += span.resent;
    out.established.back() = std::max(out.established.back(), at_once);
  }
  return out;
}

void Timeline::write(JsonWriter& w) const {
  const auto column = [&](std::string_view name, auto value) { w.column(name, spans_, value); };
  w.begin_object();
  w.field("from_us", from_ns_.value_or(0) / 1000);
  w.field("step_us", static_cast<double>(step_ns_) / 1000);
  column("octets", [](const Span& span) { return span.octets; });
  column("packets", [](const Span& span) { return span.packets; });
  column("resent", [](const Span& span) { return span.resent; });
  w.key("phases");
  w.begin_object();
  for (std::size_t p = 0; p < kPhases; ++p) {
    std::uint64_t open = 0;
    column(name(static_cast<Phase>(p)), [&](const Span& span) {
      const std::uint64_t met = open + span.begun[p];
      const std::uint64_t last_in_it = met - std::min(met, span.left[p]);
      open = last_in_it - std::min(last_in_it, span.over[p]);
      return last_in_it;
    });
  }
  w.end_object();
  w.end_object();
}

}  // namespace tcpautopsy

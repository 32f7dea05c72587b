#include "analyzer/infer/resend_steps.h"

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

bool about(TimeNs value, TimeNs wanted) {
  // Timers of common kernels run late by up to a tick and some scheduling, and Linux rounds to its timer
  // wheel's 1/8.
  const TimeNs slack = wanted / 4 + 20 * kMillisecond;
  return value > wanted - slack && value < add_sat(wanted, slack);
}

}  // namespace

void Sendings::add(const SegmentRef& segment) {
  if (first)
    again.push_back(segment);
  else
    first = segment;
}

std::vector<TimeNs> Sendings::steps() const {
  std::vector<TimeNs> steps;
  steps.reserve(again.size());
  const SegmentRef* previous = &first;
  for (const SegmentRef& resend : again) {
    steps.push_back(resend.time_ns() - previous->time_ns());
    previous = &resend;
  }
  return steps;
}

std::string_view name(Steps steps) {
  switch (steps) {
    case Steps::Unknown: return "unknown";
    case Steps::Flat: return "flat";
    case Steps::Doubling: return "doubling";
    case Steps::FlatThenDoubling: return "flat, then doubling";
    case Steps::Irregular: return "irregular";
  }
  return "";
}

Steps steps_of(std::span<const TimeNs> steps) {
  if (steps.size() < 2) return Steps::Unknown;
  std::size_t i = 1;
  while (i < steps.size() && about(steps[i], steps[i - 1])) ++i;
  if (i == steps.size()) return Steps::Flat;
  const bool flat_first = i > 1;
  while (i < steps.size() && about(steps[i], mul_sat(steps[i - 1], 2))) ++i;
  if (i < steps.size()) return Steps::Irregular;
  return flat_first ? Steps::FlatThenDoubling : Steps::Doubling;
}

bool at_their_bound(TimeNs before_last, TimeNs last) {
  constexpr TimeNs kLeastBound = 60 * kSecond;
  return last >= kLeastBound && about(last, before_last);
}

TimeNs next_step(std::span<const TimeNs> steps) {
  if (steps.empty()) return kSecond;
  if (steps.size() >= 2 && at_their_bound(steps[steps.size() - 2], steps.back())) return steps.back();
  // A step may be flat or doubled; silence for less than the doubled one proves nothing.
  return mul_sat(steps.back(), 2);
}

}  // namespace tcpautopsy

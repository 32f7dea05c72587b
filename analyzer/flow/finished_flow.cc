#include "analyzer/flow/finished_flow.h"

namespace tcpautopsy {
namespace {

void note_copies(const FlowTracker& tracker, EndedFlow& ended) {
  ended.copies.count = std::uint64_t{tracker.side(Side::A).copies} + tracker.side(Side::B).copies;
  ended.copies.first = tracker.first_copy();
}

}  // namespace

void FinishedFlow::identify(FlowTrace& trace) const {
  trace.number = number;
  trace.incarnation = incarnation;
  trace.encapsulation = key.encapsulation;
  trace.self_connection = key.low == key.high;
  trace.successor = successor;
  trace.ended_early = ended_early;
  trace.paused_ns = paused_ns;
  trace.copy_of = copy_of;
}

EndedFlow FinishedFlow::end(std::optional<FlowTracker>& spare) {
  EndedFlow ended;
  identify(ended.trace);
  ended.next = next;
  if (!tracker) spare.emplace(key, a_is_low, limits).replay(journal, epoch);
  FlowTracker& all = tracker ? *tracker : *spare;
  all.conclude(captured_twice, ended);
  if (captured_twice) note_copies(all, ended);
  return ended;
}

EndedFlow FinishedFlow::end() {
  std::optional<FlowTracker> spare;
  return end(spare);
}

}  // namespace tcpautopsy

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
  trace.leg = leg;
}

EndedFlow FinishedFlow::end(Workbench& bench) {
  EndedFlow ended;
  ended.next = next;
  const bool lone_syn = bench.lone_syns.read(*this);
  if (lone_syn && bench.lone_syns.tell(*this, ended)) return ended;
  identify(ended.trace);
  if (!tracker) bench.tracker.emplace(key, a_is_low, limits).replay(journal, epoch);
  FlowTracker& all = tracker ? *tracker : *bench.tracker;
  all.conclude(captured_twice, ended);
  if (captured_twice) note_copies(all, ended);
  if (lone_syn) bench.lone_syns.keep(ended);
  return ended;
}

EndedFlow FinishedFlow::end() {
  Workbench bench;
  return end(bench);
}

}  // namespace tcpautopsy

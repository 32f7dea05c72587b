#include "analyzer/infer/predecessor.h"

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

namespace {

// The change shows only that the next incarnation began.
bool by_successor(const FlowHistory& h, const Transition& t) {
  const auto& next = h.trace.successor;
  if (!next || !t.frame || t.record != kNoRecord) return false;
  return t.frame->number == next->syn.number || (next->reset && t.frame->number == next->reset->number);
}

}  // namespace

std::shared_ptr<const PreviousIncarnation> summarise(const FlowHistory& h) {
  auto p = std::make_shared<PreviousIncarnation>();
  p->flow = h.trace.number;
  p->last_ns = h.trace.last.time_ns;
  for (Side side : {Side::A, Side::B}) {
    const SideFacts& f = h.trace.facts(side);
    p->address[index(side)] = f.address;
    p->next_seq[index(side)] = wrap(f.sent_max, f.iss);
    p->held_in[index(side)] = h.outcome(side).final;
    for (const Transition& t : h.transitions)
      if (t.side == side && by_successor(h, t)) p->held_in[index(side)] = t.from;
    for (const SegmentRecord& r : h.records())
      if (r.side == side && r.has_timestamps) p->last_ts_val[index(side)] = r.ts_val;
  }
  for (const Transition& t : h.transitions) {
    if (t.to == TcpState::TimeWait) {
      p->time_wait_since = t.at_ns;
      p->time_wait_end = h.trace.facts(t.side).address;
      // A FIN that nothing acknowledged may never have come.
      p->time_wait_likely = t.possible.single();
    } else if (t.from == TcpState::TimeWait && !by_successor(h, t)) {
      p->time_wait_likely = false;
    }
  }
  return p;
}

}  // namespace tcpautopsy

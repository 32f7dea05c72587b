#include "analyzer/infer/outcome.h"

#include <algorithm>

#include "analyzer/infer/record_search.h"

namespace tcpautopsy {
namespace {

// The first RST that ended the connection for the end that received it, whoever sent it: forged, or by a host
// that no longer had the connection.
const SegmentRecord* reset_received(const FlowHistory& h) {
  for (const Transition& t : h.transitions) {
    if (t.to != TcpState::Closed || t.record == kNoRecord || !kSynchronized.has(t.from)) continue;
    const SegmentRecord& r = h.records()[t.record];
    if (r.has(kRst) && r.side != t.side) return &r;
  }
  return nullptr;
}

void classify_close(const FlowHistory& h, Close& close, ClosedFirst& first) {
  const FinVerdict* const fin_a = h.closing.fin(Side::A);
  const FinVerdict* const fin_b = h.closing.fin(Side::B);
  const SegmentRef& reset = h.closing.ended_by;
  const auto by = [](Side s) { return s == Side::A ? ClosedFirst::A : ClosedFirst::B; };
  const auto earlier = [&] {  // of the FINs that there are
    return fin_b == nullptr || (fin_a != nullptr && fin_a->first.record < fin_b->first.record) ? Side::A
                                                                                               : Side::B;
  };
  const auto before_reset = [&](const FinVerdict* fin) {
    return fin != nullptr && fin->first.record < reset.record;
  };
  if (reset && !(before_reset(fin_a) && before_reset(fin_b))) {
    close = h.closing.ended_by_side == Side::A ? Close::ARst : Close::BRst;
    first = by(before_reset(fin_a) || before_reset(fin_b) ? earlier() : h.closing.ended_by_side);
  } else if (fin_a != nullptr && fin_b != nullptr) {
    close = Close::BothFin;
    // Each FIN was sent before the other had arrived.
    first = !fin_a->knew_of_peers && !fin_b->knew_of_peers ? ClosedFirst::Both : by(earlier());
  } else if (fin_a != nullptr || fin_b != nullptr) {
    close = fin_a != nullptr ? Close::AFin : Close::BFin;
    first = by(earlier());
  } else if (const SegmentRecord* const received = reset_received(h)) {
    close = received->side == Side::A ? Close::ARst : Close::BRst;
    first = by(received->side);
  } else if (h.outcomes[0].give_up || h.outcomes[1].give_up) {
    close = Close::Timeout;
  }
}

}  // namespace

void classify(FlowHistory& history) {
  if (history.handshake == Handshake::Refused || history.handshake == Handshake::Filtered) return;
  classify_close(history, history.close, history.closed_first);
}

void trace_deliveries(const Observations& observations, FlowHistory& history) {
  if (history.trace.self_connection || history.trace.one_sided()) return;
  // Highest acknowledgment so far, read from the end: the first segment that covers a record is found by
  // walking forward once.
  std::vector<RecordIndex> waiting;
  waiting.reserve(history.records().size());
  for (Side side : {Side::A, Side::B}) {
    waiting.clear();
    HighestAck acked;
    for (RecordIndex i = 0; i < history.records().size(); ++i) {
      const SegmentRecord& r = history.records()[i];
      if (r.side == side) {
        if (r.sequence_length() > 0 && r.end() > acked.value) waiting.push_back(i);
        continue;
      }
      if (!observations.records[i].constrains || !acked.take(r)) continue;
      // Of several copies of one range the earliest unproved one keeps its verdict: any of them may be the
      // one that came.
      std::erase_if(waiting, [&](RecordIndex w) {
        if (history.records()[w].end() > acked.value) return false;
        Delivery& d = history.deliveries[w];
        const bool one_of_several = history.records()[w].standing.retransmission ||
                                    std::any_of(waiting.begin(), waiting.end(), [&](RecordIndex o) {
                                      return o != w && history.records()[o].seq == history.records()[w].seq;
                                    });
        if (d.fate == Fate::Unknown && !one_of_several) d = {Fate::Received, i};
        return true;
      });
    }
  }
}

}  // namespace tcpautopsy

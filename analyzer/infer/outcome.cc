#include "analyzer/infer/outcome.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

struct Ends {
  PerSide<std::size_t> fin{kNowhere, kNowhere};  // first FIN of each side
  std::size_t rst = kNowhere;                    // first RST that ends a synchronised connection
};

Ends read_ends(const FlowHistory& h, const Observations& observations) {
  Ends ends;
  for (std::size_t i = 0; i < h.records().size(); ++i) {
    const SegmentRecord& r = h.records()[i];
    const std::size_t side = index(r.side);
    if (r.has(kFin) && !r.has(kRst) && !r.has(kSyn) && ends.fin[side] == kNowhere) ends.fin[side] = i;
    if (!r.has(kRst) || ends.rst != kNowhere || !observations.records[i].constrains) continue;
    const TcpState before = h.before(i, r.side);
    StateSet live{};
    if (before != TcpState::Unknown) live.add(before);
    if (before == TcpState::Unknown || live.within(kSynchronized)) ends.rst = i;
  }
  return ends;
}

// Each FIN was sent before the other had arrived.
bool fins_crossed(const FlowHistory& h, const Observations& observations, const Ends& ends) {
  for (Side side : {Side::A, Side::B}) {
    const SegmentRecord& fin = h.records()[ends.fin[index(side)]];
    if (fin.ack >= observations.streams[index(other(side))].fin_end) return false;
  }
  return true;
}

void classify_close(const FlowHistory& h, const Observations& observations, Close& close,
                    ClosedFirst& first) {
  const Ends ends = read_ends(h, observations);
  const bool fin_a = ends.fin[0] != kNowhere, fin_b = ends.fin[1] != kNowhere;
  const bool both_before_rst = fin_a && fin_b && std::max(ends.fin[0], ends.fin[1]) < ends.rst;
  const auto by = [](Side s) { return s == Side::A ? ClosedFirst::A : ClosedFirst::B; };
  if (ends.rst != kNowhere && !both_before_rst) {
    const Side side = h.records()[ends.rst].side;
    close = side == Side::A ? Close::ARst : Close::BRst;
    const std::size_t fin = std::min(ends.fin[0], ends.fin[1]);
    first = by(fin < ends.rst ? h.records()[fin].side : side);
  } else if (fin_a && fin_b) {
    close = Close::BothFin;
    first = fins_crossed(h, observations, ends) ? ClosedFirst::Both
                                                : by(ends.fin[0] < ends.fin[1] ? Side::A : Side::B);
  } else if (fin_a || fin_b) {
    close = fin_a ? Close::AFin : Close::BFin;
    first = by(fin_a ? Side::A : Side::B);
  } else if (h.outcomes[0].give_up || h.outcomes[1].give_up) {
    close = Close::Timeout;
  }
}

}  // namespace

void classify(const Observations& observations, FlowHistory& history) {
  if (history.handshake == Handshake::Refused || history.handshake == Handshake::Filtered) return;
  classify_close(history, observations, history.close, history.closed_first);
}

void trace_deliveries(const Observations& observations, FlowHistory& history) {
  if (history.trace.self_connection) return;
  // Highest acknowledgment so far, read from the end: the first segment that covers a record is found by
  // walking forward once.
  std::vector<RecordIndex> waiting;
  waiting.reserve(history.records().size());
  for (Side side : {Side::A, Side::B}) {
    waiting.clear();
    StreamOffset acked = 0;
    for (RecordIndex i = 0; i < history.records().size(); ++i) {
      const SegmentRecord& r = history.records()[i];
      if (r.side == side) {
        if (r.sequence_length() > 0 && r.end() > acked) waiting.push_back(i);
        continue;
      }
      if (!observations.records[i].constrains || !r.has(kAck) || r.has(kRst) || r.ack <= acked) continue;
      acked = r.ack;
      // Of several copies of one range the earliest unproved one keeps its verdict: any of them may be the
      // one that came.
      std::erase_if(waiting, [&](RecordIndex w) {
        if (history.records()[w].end() > acked) return false;
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

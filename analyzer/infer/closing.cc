#include "analyzer/infer/closing.h"

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// A host is not restarted between two segments; an address moved in an instant can look so.
constexpr TimeNs kRestart = 3 * kSecond;

bool is_traffic(const SegmentRecord& r) { return r.payload > 0 || r.standing.keepalive || r.has(kFin); }

bool closed_before(const FlowTrace& trace, Side side, RecordIndex i) {
  return last_before(trace, i, side, [](const SegmentRecord& r) { return r.has(kFin) || r.has(kRst); }) !=
         kNoRecord;
}

// It answers a keep-alive probe, not one of a closed window: that tells it by itself (keepalive_reset).
bool refuses_keepalive(const FlowHistory& h, const ResetVerdict& reset) {
  if (!reset.answers->keepalive) return false;
  return !h.transfer || h.transfer->probes[index(other(reset.side))].reset_by_peer;
}

std::optional<Forgotten> forgotten_by_reset(const FlowHistory& h, Side side) {
  for (const ResetVerdict& reset : h.closing.resets(side)) {
    if (!reset.answers || reset.beyond_window || reset.goes_on) continue;
    // Of an end that the capture never heard nothing tells what it held before.
    const bool held = reset.state == TcpState::Unknown || kSynchronized.has(reset.state) || !reset.own_before;
    if (!held && (!reset.connection_lost || refuses_keepalive(h, reset))) continue;
    const SegmentRef& traffic = reset.answers->segment;
    if (closed_before(h.trace, side, reset.segment.record) ||
        closed_before(h.trace, other(side), traffic.record))
      return {};
    if (!reset.answers->asks_for_answer()) continue;
    const bool just_heard =
        reset.own_before && reset.segment.time_ns() - reset.own_before.time_ns() < kRestart;
    // Never heard in this capture, it may have closed before.
    const bool doubtful = just_heard || reset.misfit.ttl || !reset.own_before;
    return Forgotten{traffic, reset.segment, false, just_heard, doubtful};
  }
  return {};
}

// A SYN-ACK other than the handshake's, after the end has shown that it knows the connection. Once a RST has
// ended that, it answers an old SYN.
std::optional<Forgotten> forgotten_by_syn_ack(const FlowTrace& trace, Side side, const SegmentRef& ended_by) {
  RecordIndex first = kNoRecord;
  bool settled = false;
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (ended_by && ended_by.record < i) return {};
    if (r.side != side || r.copy) continue;
    if (r.has(kRst) || r.has(kFin)) return {};
    if (!r.has(kSyn)) settled = true;
    if (!r.has(kSyn | kAck)) continue;
    if (first == kNoRecord) first = i;
    if (!settled || r.seq == 0 || r.seq == trace.records[first].seq) continue;
    const RecordIndex traffic = last_before(trace, i, other(side), is_traffic);
    if (traffic == kNoRecord || r.ack > trace.records[traffic].end() || r.ack < trace.records[traffic].seq)
      continue;
    return Forgotten{ref(trace, traffic), ref(trace, i), true, false, false};
  }
  return {};
}

}  // namespace

void conclude_forgotten(FlowHistory& h) {
  for (const Side side : {Side::A, Side::B}) {
    auto& forgotten = h.closing.ends[index(side)].forgotten;
    forgotten = forgotten_by_syn_ack(h.trace, side, h.closing.ended_by);
    if (!forgotten) forgotten = forgotten_by_reset(h, side);
  }
}

void conclude_closing(const Observations& observations, FlowHistory& h) {
  for (RecordIndex i = 0; i < h.records().size(); ++i) {
    const SegmentRecord& r = h.records()[i];
    if (r.copy || observations.records[i].damaged_rst) continue;
    if (r.has(kFin) || r.has(kRst)) h.closing.ends[index(r.side)].said_close = true;
    h.closing.any_reset = h.closing.any_reset || (r.has(kRst) && !r.has(kSyn));
  }
  conclude_fins(observations, h);
  if (h.closing.any_reset) conclude_resets(observations, h);
  if (h.trace.self_connection) return;
  conclude_challenges(h);
  conclude_time_wait(h);
  conclude_forgotten(h);
}

}  // namespace tcpautopsy

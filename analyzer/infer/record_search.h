// Looking through the packets of one connection for the one before or after another, and for what had been
// acknowledged by then. Packets captured twice are passed over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/segment_ref.h"

namespace tcpautopsy {

// How far one end has acknowledged its peer's stream; its segments are to be taken in order.
struct HighestAck {
  StreamOffset value = 0;
  bool any = false;

  // Whether it acknowledges more than before. A RST may carry any number there (RFC 5961 1.1).
  bool take(const SegmentRecord& record) {
    if (!record.has(kAck) || record.has(kRst)) return false;
    const bool rises = record.ack > value;
    value = any ? std::max(value, record.ack) : std::max<StreamOffset>(0, record.ack);
    any = true;
    return rises;
  }
};

// What `side` had acknowledged before record `i`.
inline HighestAck acked_before(const FlowTrace& trace, RecordIndex i, Side side) {
  HighestAck acked;
  for (RecordIndex k = 0; k < i; ++k)
    if (trace.records[k].side == side) acked.take(trace.records[k]);
  return acked;
}

constexpr auto kAnySegment = [](const SegmentRecord&) { return true; };

// The last segment of `side` before record `i` that `accept` takes; kNoRecord if none.
template <class F = decltype(kAnySegment)>
RecordIndex last_before(const FlowTrace& trace, RecordIndex i, Side side, F accept = kAnySegment) {
  while (i-- > 0) {
    const SegmentRecord& record = trace.records[i];
    if (record.side == side && !record.copy && accept(record)) return i;
  }
  return kNoRecord;
}

// The first segment of `side` after record `i` that `accept` takes; kNoRecord if none.
template <class F = decltype(kAnySegment)>
RecordIndex first_after(const FlowTrace& trace, RecordIndex i, Side side, F accept = kAnySegment) {
  for (++i; i < trace.records.size(); ++i) {
    const SegmentRecord& record = trace.records[i];
    if (record.side == side && !record.copy && accept(record)) return i;
  }
  return kNoRecord;
}

// The record came when the next incarnation on the same ports had been answered.
inline bool is_old_duplicate(const FlowTrace& trace, RecordIndex i) {
  const auto& successor = trace.successor;
  return successor && successor->answered && trace.records[i].frame.time_ns > successor->answered->time_ns;
}

// Segments that a sender sent between two of its own and the capture missed, by IP IDs that count up by one
// (Linux counts them for each connection). None where there are no IDs, or one joined of several came first.
inline std::optional<std::uint32_t> missed_between(const SegmentRecord& first, const SegmentRecord& next) {
  constexpr std::uint32_t kPlainSegment = 1500;
  if (!first.has_ip_id || !next.has_ip_id || first.payload > kPlainSegment) return std::nullopt;
  return ((next.ip_id - first.ip_id) & 0xffff) - 1 - next.folded_packets;
}

// How long a segment may pass behind another that its sender sent later, on another path or queue.
inline TimeNs reordering_slack(const FlowTrace& trace) {
  constexpr TimeNs kLeast = 50 * kMillisecond;
  return std::max<TimeNs>(trace.round_trip().value_or(0), kLeast);
}

// A SYN that opens nothing here: of another number than its sender's, old or forged, or long behind that
// one's SYN-ACK that was taken, after which it sends no SYN any more (RFC 9293 3.10.7.2). `sent_syn_ack`: its
// sender has sent a SYN-ACK at all.
inline bool opens_nothing(const FlowTrace& trace, RecordIndex i, bool sent_syn_ack) {
  const SegmentRecord& syn = trace.records[i];
  if (!means_syn(syn.flags) || trace.self_connection) return false;
  if (syn.seq != 0) return true;
  if (!sent_syn_ack) return false;
  const RecordIndex answer = last_before(
      trace, i, syn.side, [](const SegmentRecord& r) { return means_syn_ack(r.flags) && r.seq == 0; });
  if (answer == kNoRecord ||
      syn.frame.time_ns - trace.records[answer].frame.time_ns <= reordering_slack(trace))
    return false;
  return first_after(trace, answer, other(syn.side),
                     [](const SegmentRecord& r) { return r.has(kAck) && !r.has(kRst) && r.ack >= 1; }) < i;
}

// Damaged on the way, by its checksum: its receiver drops it (RFC 9293 3.1).
inline bool damaged(const FlowTrace& trace, const SegmentRecord& record) {
  return record.bad_checksum && !trace.facts(record.side).checksums_offloaded;
}

inline SegmentRef ref(const FlowTrace& trace, RecordIndex i) {
  return i < trace.records.size() ? SegmentRef{i, trace.records[i].frame} : SegmentRef{};
}

}  // namespace tcpautopsy

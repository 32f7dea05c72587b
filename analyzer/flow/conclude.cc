// What is made of a FlowTracker when its flow is over.
#include <algorithm>
#include <utility>

#include "analyzer/flow/flow_tracker.h"
#include "analyzer/seq/frame_order.h"

namespace tcpautopsy {
namespace {

std::optional<std::int64_t> measured(std::int64_t ns) {
  return ns < 0 ? std::nullopt : std::optional<std::int64_t>(ns);
}

// Later than the other of the same flow, by order of capture.
const FrameRef& later(const FrameRef& a, const FrameRef& b) {
  return b.number != 0 && comes_before(a, b) ? b : a;
}

// The copies leave, and no longer separate what is counted with the record after them.
void drop_copies(std::vector<SegmentRecord>& records) {
  std::erase_if(records, [](const SegmentRecord& r) { return r.copy; });
}

}  // namespace

SideFacts FlowTracker::facts_of(Side s, bool copies_are_capture) const {
  const LiveSide& live = side(s);
  SideFacts f;
  f.address = (s == Side::A) == a_is_low_ ? key_.low : key_.high;
  f.iss = live.iss();
  f.iss_known = live.iss_known;
  f.syn_seen = live.syn_seen;
  if (live.syn_seen) f.syn_options = live.syn_options.full();
  f.packets = live.packets + (copies_are_capture ? 0 : live.copies);
  f.copies = copies_are_capture ? live.copies : 0;
  f.payload_bytes = live.payload_bytes;
  f.wire_bytes = live.wire_bytes + (copies_are_capture ? 0 : live.copies_wire_bytes);
  f.bad_checksums = live.bad_checksums + (copies_are_capture ? 0 : live.copies_bad_checksum);
  f.checksums_offloaded = transfer_ ? transfer_->checksums(s).offloaded() : f.bad_checksums * 2 > f.packets;
  f.sent_max = live.sent.started() ? live.sent.sent_max() - live.origin : 0;
  f.acked_max = live.has_acked ? live.acked_max - peer_of(s).origin : 0;
  f.rtt_handshake_ns = measured(live.rtt_handshake_ns);
  f.rtt_min_ns = measured(live.rtt_min_ns);
  f.ttl = live.ttl;
  f.copy_ttl = live.copy_ttl;
  return f;
}

void FlowTracker::move_origin(FlowTrace& trace) const {
  if (sides_[0].origin == 0 && sides_[1].origin == 0) return;
  for (SegmentRecord& r : trace.records) {
    const StreamOffset origin = side(r.side).origin;
    r.seq -= origin;
    r.contiguous -= origin;
    r.sent_max -= origin;
    if (r.has(kAck)) r.ack -= peer_of(r.side).origin;
  }
  for (IcmpRecord& r : trace.icmp) r.seq -= side(r.quoted).origin;
}

void FlowTracker::choose_client(FlowTrace& trace) const {
  trace.client_guessed = !first_syn_;
  if (first_syn_) {
    trace.client = *first_syn_;
  } else if (first_syn_ack_) {
    trace.client = self() ? Side::A : other(*first_syn_ack_);
  } else if (trace.successor) {
    trace.client = trace.successor->sender;  // who connects again did so before
  } else if (key_.low.port != key_.high.port) {
    const bool low_is_client = key_.low.port > key_.high.port;
    trace.client = low_is_client == a_is_low_ ? Side::A : Side::B;
  }
}

// All but what is taken out of the tracker.
void FlowTracker::complete(bool copies_are_capture, FlowTrace& trace) const {
  trace.records_left_out = log_.left_out();
  trace.holes_given_up = sides_[0].sent.holes_given_up() + sides_[1].sent.holes_given_up();
  trace.icmp_total = icmp_total_;
  trace.first = first_;
  trace.last = copies_are_capture ? last_ : later(last_, last_copy_);
  for (const Side s : {Side::A, Side::B}) trace.sides[index(s)] = facts_of(s, copies_are_capture);
  if (copies_are_capture) {
    drop_copies(trace.records);
  } else {
    for (const Side s : {Side::A, Side::B}) {
      const auto last = std::find_if(trace.records.rbegin(), trace.records.rend(),
                                     [s](const SegmentRecord& r) { return r.side == s; });
      if (last != trace.records.rend()) last->folded_packets += side(s).copies - side(s).copies_kept;
    }
  }
  move_origin(trace);
  choose_client(trace);
}

void FlowTracker::conclude(bool copies_are_capture, EndedFlow& flow) {
  flow.trace.records = log_.take(limits_.max_records);
  flow.trace.icmp = std::move(icmp_);
  complete(copies_are_capture, flow.trace);
  flow.words = compat_.words();
  if (transfer_) flow.transfer = transfer_->finish(flow.trace.last.time_ns);
}

void FlowTracker::so_far(bool copies_are_capture, FlowTrace& trace) const {
  trace.records = RecordLog(log_).take(limits_.max_records);
  trace.icmp = icmp_;
  complete(copies_are_capture, trace);
}

}  // namespace tcpautopsy

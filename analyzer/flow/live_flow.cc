#include "analyzer/flow/live_flow.h"

#include <utility>

#include "analyzer/flow/flow_index.h"

namespace tcpautopsy {

LiveFlow::LiveFlow(const FlowKey& flow_key, std::uint64_t flow_number, std::uint32_t flow_incarnation,
                   bool first_from_low, const Limits& limits, TimeNs epoch)
    : key(flow_key),
      number(flow_number),
      incarnation(flow_incarnation),
      joined_encapsulation(flow_key.encapsulation),
      older(FlowIndex::kNone),
      newer(FlowIndex::kNone),
      a_is_low(first_from_low),
      limits_(limits),
      epoch_(epoch),
      journal_(epoch) {}

bool LiveFlow::can_sleep() const {
  return young() && older == FlowIndex::kNone && newer == FlowIndex::kNone && !quoted_ && !held &&
         !challenged && !successor;
}

void LiveFlow::note(const TcpSegment& segment, const FrameRef& frame) {
  if (!begun()) {
    first_ns_ = frame.time_ns;
    first_seq_ = segment.seq;
    opened_ = (segment.flags & (kSyn | kAck | kRst)) == kSyn;
  }
  last_ns_ = frame.time_ns;
  ending_ = ending_ || (segment.flags & (kFin | kRst)) != 0;
  if (!only_opening_) return;
  const unsigned flags = segment.flags & (kSyn | kAck | kRst | kFin);
  only_opening_ = (flags == kSyn && segment.seq == first_seq_) ||
                  (flags == (kSyn | kAck) && segment.ack == first_seq_ + 1);
}

void LiveFlow::note_in_journal(const TcpSegment& segment, const FrameRef& frame, Side s, Role role) {
  if (in_journal_ < kYoung && journal_.append(segment, frame, s, role)) {
    ++in_journal_;
    return;
  }
  replay();
  in_journal_ = kYoung + 1;
  journal_.clear();
}

void LiveFlow::add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role) {
  note(segment, frame);
  const bool tracked = tracker_ != nullptr;
  if (young()) note_in_journal(segment, frame, s, role);
  // One made just now for want of room has not had this segment; one not made yet will have it from the
  // journal.
  if (tracked || !young()) tracker_->add(segment, frame, s, role);
}

void LiveFlow::resume(Bytes journal) {
  JournalReader reader(journal, epoch_);
  for (JournalEntry entry; reader.next(entry); ++in_journal_) note(entry.segment, entry.frame);
  journal_.resume(journal, reader.context());
}

void LiveFlow::resume_to_conclude(Bytes journal) { replay(journal); }

void LiveFlow::replay(Bytes journal) {
  tracker_ = std::make_unique<FlowTracker>(key, a_is_low, limits_);
  JournalReader reader(journal, epoch_);
  const EndpointAddress& a = a_is_low ? key.low : key.high;
  const EndpointAddress& b = a_is_low ? key.high : key.low;
  for (JournalEntry entry; reader.next(entry);) {
    entry.segment.source = entry.side == Side::A ? a : b;
    entry.segment.destination = entry.side == Side::A ? b : a;
    entry.segment.encapsulation = key.encapsulation;
    tracker_->add(entry.segment, entry.frame, entry.side, entry.role);
  }
}

void LiveFlow::add(const IcmpError& error, const FrameRef& frame) {
  quoted_ = true;
  replay().add(error, frame, side_of(error.source));
}

FlowTrace LiveFlow::identity() const {
  FlowTrace trace;
  trace.number = number;
  trace.incarnation = incarnation;
  trace.encapsulation = key.encapsulation;
  trace.self_connection = self();
  trace.successor = successor;
  return trace;
}

EndedFlow LiveFlow::conclude(bool copies_are_capture) {
  EndedFlow flow;
  flow.trace = identity();
  replay().conclude(copies_are_capture, flow);
  return flow;
}

FlowTrace LiveFlow::so_far(bool copies_are_capture) {
  FlowTrace trace = identity();
  replay().so_far(copies_are_capture, trace);
  return trace;
}

}  // namespace tcpautopsy

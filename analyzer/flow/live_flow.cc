#include "analyzer/flow/live_flow.h"

#include <utility>

#include "analyzer/flow/finished_flow.h"
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
  return notes_.in_journal <= kMostAsleep && older == FlowIndex::kNone && newer == FlowIndex::kNone &&
         !quoted_ && !held && !challenged && !successor;
}

// The first segment of either end: a SYN, and a SYN-ACK to all of it.
bool LiveFlow::opens_plainly(const TcpSegment& segment, Side s) const {
  if (self() || notes_.ends[index(s)].begun) return false;
  const unsigned kind = segment.flags & (kSyn | kRst | kAck);
  if (s == Side::A) return kind == kSyn;
  const Notes::End& peer = notes_.ends[index(other(s))];
  return kind == (kSyn | kAck) && peer.begun && segment.ack.raw() == peer.next;
}

// As long as a tracker would take every segment as it is: near what was sent and acknowledged before.
void LiveFlow::note_close(const TcpSegment& segment, Side s, Role role) {
  const auto near = [](std::uint32_t a, std::uint32_t b) { return a - b + kSameStream <= 2 * kSameStream; };
  Notes::End &own = notes_.ends[index(s)], &peer = notes_.ends[index(other(s))];
  const std::uint32_t seq = segment.seq.raw(), ack = segment.ack.raw();
  const std::uint32_t end = seq + segment.sequence_length();
  const bool goes_on = own.begun && peer.begun && (segment.flags & (kSyn | kRst | kAck)) == kAck &&
                       near(seq, own.next) && near(ack, peer.next);
  const bool fin = (segment.flags & kFin) != 0, another_fin = fin && own.fin && own.fin_end != end;
  notes_.plain = role == Role::Ordinary && segment.checksum != Checksum::Bad && !another_fin &&
                 (goes_on || opens_plainly(segment, s));
  if (!own.begun || static_cast<std::int32_t>(end - own.next) > 0) own.next = end;
  own.begun = true;
  if (fin) {
    own.fin = true;
    own.fin_end = end;
  }
  if (peer.fin && static_cast<std::int32_t>(ack - peer.fin_end) >= 0) peer.fin_acked = true;
}

void LiveFlow::note(const TcpSegment& segment, const FrameRef& frame, Side s, Role role) {
  if (notes_.plain && role != Role::Copy) note_close(segment, s, role);
  if (!begun()) {
    notes_.first_ns = frame.time_ns;
    notes_.first_seq = segment.seq;
    notes_.opened = (segment.flags & (kSyn | kAck | kRst)) == kSyn;
  }
  notes_.last_ns = frame.time_ns;
  notes_.ending = notes_.ending || (segment.flags & (kFin | kRst)) != 0;
  if (!notes_.only_opening) return;
  const unsigned flags = segment.flags & (kSyn | kAck | kRst | kFin);
  notes_.only_opening = (flags == kSyn && segment.seq == notes_.first_seq) ||
                        (flags == (kSyn | kAck) && segment.ack == notes_.first_seq + 1);
}

void LiveFlow::note_in_journal(const TcpSegment& segment, const FrameRef& frame, Side s, Role role) {
  if (notes_.in_journal < kYoung && journal_.append(segment, frame, s, role)) {
    ++notes_.in_journal;
    return;
  }
  replay();
  notes_.in_journal = kYoung + 1;
  notes_.plain = false;  // its tracker is there to be asked
  journal_.clear();
}

void LiveFlow::add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role) {
  note(segment, frame, s, role);
  const bool tracked = tracker_ != nullptr;
  if (young()) note_in_journal(segment, frame, s, role);
  // One made just now for want of room has not had this segment; one not made yet will have it from the
  // journal.
  if (tracked || !young()) tracker_->add(segment, frame, s, role);
}

void LiveFlow::resume(Bytes journal) {
  JournalReader reader(journal, epoch_);
  for (JournalEntry entry; reader.next(entry); ++notes_.in_journal)
    note(entry.segment, entry.frame, entry.side, entry.role);
  journal_.resume(journal, reader.context());
}

void LiveFlow::resume(Bytes journal, const JournalContext& context, const Notes& notes) {
  journal_.resume(journal, context);
  notes_ = notes;
}

std::size_t LiveFlow::octets() const {
  return sizeof(LiveFlow) + journal_.bytes().capacity() + (tracker_ ? tracker_->octets() : 0);
}

FlowTracker& LiveFlow::replay() {
  if (!tracker_) {
    tracker_ = std::make_unique<FlowTracker>(key, a_is_low, limits_);
    tracker_->replay(journal_.bytes(), epoch_);
  }
  return *tracker_;
}

void LiveFlow::add(const IcmpError& error, const FrameRef& frame, bool in_doubt) {
  quoted_ = true;
  replay().add(error, frame, side_of(error.source), in_doubt);
}

FinishedFlow LiveFlow::identity() const {
  FinishedFlow flow;
  flow.key = key;
  flow.number = number;
  flow.incarnation = incarnation;
  flow.a_is_low = a_is_low;
  flow.successor = successor;
  return flow;
}

FinishedFlow LiveFlow::finish() {
  FinishedFlow finished = identity();
  finished.limits = limits_;
  finished.tracker = std::move(tracker_);
  finished.journal = journal_.bytes();
  finished.epoch = epoch_;
  return finished;
}

FlowTrace LiveFlow::so_far(bool copies_are_capture) {
  FlowTrace trace;
  identity().identify(trace);
  replay().so_far(copies_are_capture, trace);
  return trace;
}

}  // namespace tcpautopsy

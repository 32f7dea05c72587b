// A connection that the table keeps: who it is, its first segments, and, once needed, what follows from all
// of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "analyzer/flow/flow_key.h"
#include "analyzer/flow/flow_tracker.h"
#include "analyzer/flow/packet_copies.h"
#include "analyzer/flow/segment_journal.h"

namespace tcpautopsy {

class LiveFlow {
 public:
  using Limits = FlowTracker::Limits;

  LiveFlow(const FlowKey& flow_key, std::uint64_t flow_number, std::uint32_t flow_incarnation,
           bool first_from_low, const Limits& limits, TimeNs epoch);

  void add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  void add(const IcmpError& error, const FrameRef& frame);
  // Takes over the segments of a journal, for a flow that has none yet: to go on, or to be concluded.
  void resume(Bytes journal);
  void resume_to_conclude(Bytes journal);
  // What became of it. The flow is empty after that.
  EndedFlow conclude(bool copies_are_capture);
  // The same by now, without transfer facts; the flow goes on.
  FlowTrace so_far(bool copies_are_capture);

  Side side_of(bool from_low) const { return from_low == a_is_low ? Side::A : Side::B; }
  Side side_of(const EndpointAddress& source) const { return side_of(source == key.low); }
  bool self() const { return key.low == key.high; }
  bool begun() const { return in_journal_ > 0; }
  // A FIN or RST was among its segments.
  bool ending() const { return ending_; }
  // It began with a SYN, and the segment is that SYN again or a SYN-ACK to it.
  bool expects(const TcpSegment& segment) const {
    const bool answers = (segment.flags & kAck) != 0;
    return opened_ && (segment.flags & kRst) == 0 &&
           side_of(segment.source) == (answers ? Side::B : Side::A) &&
           (answers ? segment.ack == first_seq_ + 1 : segment.seq == first_seq_);
  }
  // All its segments were that SYN and SYN-ACKs to it.
  bool only_opening() const { return opened_ && only_opening_; }
  TimeNs first_ns() const { return first_ns_; }
  TimeNs last_ns() const { return last_ns_; }
  // Its segments can be had again from the journal, and nothing else is known of it.
  bool can_sleep() const;
  const std::vector<std::uint8_t>& journal() const { return journal_.bytes(); }

  // What follows from all its segments. It is made from the journal when first asked for, which for many
  // short flows is when they are over.
  FlowTracker& replay() {
    if (!tracker_) replay(journal_.bytes());
    return *tracker_;
  }
  // As FlowTracker has them, by replay().
  const LiveSide& side(Side s) { return replay().side(s); }
  bool opening() { return replay().opening(); }
  bool closed() { return ending_ && replay().closed(); }
  bool reset() { return ending_ && replay().reset(); }
  bool over() { return ending_ && replay().over(); }
  bool reset_in_doubt() { return ending_ && replay().reset_in_doubt(); }
  std::uint64_t packets() { return side(Side::A).packets + side(Side::B).packets; }
  const FrameRef& first_copy() { return replay().first_copy(); }
  std::uint32_t misfit(const TcpSegment& segment) {
    return replay().misfit(segment, side_of(segment.source));
  }
  std::uint32_t misfit(const IcmpError& error) { return replay().misfit(error, side_of(error.source)); }
  // Only `s` is heard of so far.
  bool only_from(Side s) { return side(s).packets > 0 && side(other(s)).packets == 0; }

  FlowKey key;
  std::uint64_t number;
  std::uint32_t incarnation;
  std::uint32_t joined_encapsulation;  // of the other half, where that differs; else the key's own
  std::uint32_t older, newer;          // live incarnations of the same key, or FlowIndex::kNone
  CopiedPairs::Pair pair = CopiedPairs::kNone;
  bool a_is_low;
  bool touched = true;      // since the table last looked for flows that may sleep
  bool held = false;        // its SYN waits for the next segments to tell whose it is (PendingSyn)
  bool queued = false;      // waits in the table's queue of closed flows
  bool challenged = false;  // its SYN met a plain ACK of the incarnation before
  Seq challenge_ack;
  std::optional<Successor> successor;

 private:
  static constexpr std::uint8_t kYoung = 64;  // segments that the journal keeps

  bool young() const { return in_journal_ <= kYoung; }
  void note(const TcpSegment& segment, const FrameRef& frame);
  void note_in_journal(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  void replay(Bytes journal);
  FlowTrace identity() const;

  Limits limits_;
  TimeNs epoch_;  // of the journal
  SegmentJournal journal_;
  TimeNs first_ns_ = 0, last_ns_ = 0;
  std::unique_ptr<FlowTracker> tracker_;  // has all segments, or is not made yet
  std::uint8_t in_journal_ = 0;           // segments; kYoung + 1 for no longer kept
  bool opened_ = false, only_opening_ = true, ending_ = false, quoted_ = false;
  Seq first_seq_;
};

}  // namespace tcpautopsy

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

struct FinishedFlow;

class LiveFlow {
 public:
  using Limits = FlowTracker::Limits;
  // What is told of the segments as they come, without a tracker.
  struct Notes {
    // Of one end, as long as it opens and closes plainly.
    struct End {
      std::uint32_t next = 0;     // the highest number sent
      std::uint32_t fin_end = 0;  // with `fin`: what acknowledges it
      bool begun = false, fin = false, fin_acked = false;
    };
    TimeNs first_ns = 0, last_ns = 0;
    Seq first_seq;
    std::uint16_t in_journal = 0;  // segments; kYoung + 1 for no longer kept
    bool opened = false;           // the first is a SYN
    bool only_opening = true;      // all are that SYN, or answer it with SYN-ACK
    bool ending = false;           // a FIN or RST was among them
    bool plain = true;             // opened and closed by one SYN and one FIN each, and all in place so far
    PerSide<End> ends;
  };

  LiveFlow(const FlowKey& flow_key, std::uint64_t flow_number, std::uint32_t flow_incarnation,
           bool first_from_low, const Limits& limits, TimeNs epoch);

  void add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  void add(const IcmpError& error, const FrameRef& frame, bool in_doubt);
  // Takes over the segments of a journal, for a flow that has none yet. `context` and `notes` are those of
  // the flow that wrote it; without, they are had by reading it.
  void resume(Bytes journal);
  void resume(Bytes journal, const JournalContext& context, const Notes& notes);
  // What follows from its segments by now, without transfer facts; the flow goes on.
  FlowTrace so_far(bool copies_are_capture);
  // Of memory, about.
  std::size_t octets() const;
  // What it leaves when it is over; nothing but who it is may be asked of it after that.
  FinishedFlow finish();

  Side side_of(bool from_low) const { return from_low == a_is_low ? Side::A : Side::B; }
  Side side_of(const EndpointAddress& source) const { return side_of(source == key.low); }
  bool self() const { return key.low == key.high; }
  bool begun() const { return notes_.in_journal > 0; }
  // A FIN or RST was among its segments.
  bool ending() const { return notes_.ending; }
  // It began with a SYN, and the segment is that SYN again or a SYN-ACK to it.
  bool expects(const TcpSegment& segment) const {
    const bool answers = (segment.flags & kAck) != 0;
    return notes_.opened && (segment.flags & kRst) == 0 &&
           side_of(segment.source) == (answers ? Side::B : Side::A) &&
           (answers ? segment.ack == notes_.first_seq + 1 : segment.seq == notes_.first_seq);
  }
  // Both ends have closed by FINs, each acknowledged, and nothing odd was among the segments: then the
  // tracker need not be asked whether it is over. False: it may be over all the same.
  bool plainly_over() const { return notes_.plain && notes_.ends[0].fin_acked && notes_.ends[1].fin_acked; }
  // All its segments were that SYN and SYN-ACKs to it.
  bool only_opening() const { return notes_.opened && notes_.only_opening; }
  TimeNs first_ns() const { return notes_.first_ns; }
  TimeNs last_ns() const { return notes_.last_ns; }
  // Its segments can be had again from the journal, and nothing else is known of it.
  bool can_sleep() const;
  const SegmentJournal& journal() const { return journal_; }
  const Notes& notes() const { return notes_; }

  // What follows from all its segments. It is made from the journal when first asked for, which for many
  // short flows is when they are over.
  FlowTracker& replay();
  // As FlowTracker has them, by replay().
  const LiveSide& side(Side s) { return replay().side(s); }
  bool opening() { return replay().opening(); }
  bool closed() { return ending() && (plainly_over() || replay().closed()); }
  bool reset() { return ending() && !plainly_over() && replay().reset(); }
  bool over() { return ending() && (plainly_over() || replay().over()); }
  bool reset_in_doubt() { return ending() && !plainly_over() && replay().reset_in_doubt(); }
  std::uint64_t packets() { return side(Side::A).packets + side(Side::B).packets; }
  std::uint32_t misfit(const TcpSegment& segment) {
    return replay().misfit(segment, side_of(segment.source));
  }
  std::uint32_t misfit(const IcmpError& error) { return replay().misfit(error, side_of(error.source)); }
  bool never_sent(Seq seq, Side s) { return replay().never_sent(seq, s); }
  bool told_off() { return quoted_ && replay().told_off(); }
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
  std::size_t weighed = 0;  // octets(), when the table last asked
  bool queued = false;      // waits in the table's queue of closed flows
  bool challenged = false;  // its SYN met a plain ACK of the incarnation before
  Seq challenge_ack;
  std::optional<Successor> successor;

 private:
  // Segments that the journal keeps: about as many as take the memory of a tracker. Followed when it is over,
  // at one go and on any thread, a connection does not drive others out of the caches.
  static constexpr std::uint16_t kYoung = 512;
  static constexpr std::uint16_t kMostAsleep = 64;  // segments; what is asleep is copied whenever it wakes

  FinishedFlow identity() const;  // nothing but who it is
  bool young() const { return notes_.in_journal <= kYoung; }
  void note(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  bool opens_plainly(const TcpSegment& segment, Side s) const;
  void note_close(const TcpSegment& segment, Side s, Role role);
  void note_in_journal(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);

  Limits limits_;
  TimeNs epoch_;  // of the journal
  SegmentJournal journal_;
  Notes notes_;
  std::unique_ptr<FlowTracker> tracker_;  // has all segments, or is not made yet
  bool quoted_ = false;                   // by an ICMP error
};

}  // namespace tcpautopsy

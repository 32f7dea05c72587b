// A connection while its segments come in: from TcpSegments to the records, sums and round trips of a
// FlowTrace.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/flow/duplicates.h"
#include "analyzer/flow/flow_key.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/folding.h"
#include "analyzer/flow/live_side.h"
#include "analyzer/flow/peer_trackers.h"
#include "analyzer/flow/record_log.h"
#include "analyzer/flow/segment_journal.h"

namespace tcpautopsy {

class LiveFlow {
 public:
  struct Limits {
    std::size_t max_records;
    bool keep_all;
  };

  LiveFlow(const FlowKey& flow_key, std::uint64_t flow_number, std::uint32_t flow_incarnation,
           bool first_from_low, const Limits& limits);

  void add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  // All segments of a journal, as though they came now. For a flow that has none yet.
  void replay(Bytes journal);
  void add(const IcmpError& error, const FrameRef& frame);
  // What became of it. The flow is empty after that.
  FlowTrace conclude(bool copies_are_capture);

  Side side_of(bool from_low) const { return from_low == a_is_low ? Side::A : Side::B; }
  Side side_of(const EndpointAddress& source) const { return side_of(source == key.low); }
  const LiveSide& side(Side s) const { return sides_[index(s)]; }
  bool self() const { return key.low == key.high; }

  // No plain segment yet: at most SYNs, SYN-ACKs, RSTs and strays.
  bool opening() const { return !synchronized_; }
  // Both ends have closed, or one was reset: a new SYN opens a new incarnation at once.
  bool closed() const;
  bool reset() const { return reset_; }
  // Closed, and nothing is owed any more.
  bool over() const;
  // Its segments can be had again from the journal, and nothing else is known of it.
  bool can_sleep() const;
  const std::vector<std::uint8_t>& journal() const { return journal_.bytes(); }
  // Only `s` is heard of so far.
  bool only_from(Side s) const { return side(s).packets > 0 && side(other(s)).packets == 0; }
  // How far the segment's numbers are from where this flow's are; larger is worse, kUnfit at most.
  std::uint32_t misfit(const TcpSegment& segment) const;
  std::uint32_t misfit(const IcmpError& error) const;
  static constexpr std::uint32_t kUnfit = 0x80000000U;

  FlowKey key;
  std::uint64_t number;
  std::uint32_t incarnation;
  std::uint32_t joined_encapsulation;  // of the other half, where that differs; else the key's own
  std::uint32_t older, newer;          // live incarnations of the same key, or FlowIndex::kNone
  DoubledPairs::Pair pair = DoubledPairs::kNone;
  bool a_is_low;
  bool touched = true;      // since the table last looked for flows that may sleep
  bool held = false;        // its SYN waits for the next segments to tell whose it is
  bool queued = false;      // waits in the table's queue of closed flows
  bool challenged = false;  // its SYN met a plain ACK of the incarnation before
  Seq challenge_ack;
  std::optional<Successor> successor;
  std::shared_ptr<const PreviousIncarnation> previous;
  // Of the first packet recognised as a copy.
  std::uint64_t first_copy_frame() const { return first_copy_; }
  TimeNs first_ns() const { return first_.time_ns; }
  TimeNs last_ns() const { return last_.time_ns; }
  std::uint64_t packets() const { return sides_[0].packets + sides_[1].packets; }

 private:
  LiveSide& peer_of(Side s) { return sides_[self() ? 0 : index(other(s))]; }
  const LiveSide& peer_of(Side s) const { return sides_[self() ? 0 : index(other(s))]; }
  void count(LiveSide& sender, const TcpSegment& segment);
  void count_copy(const TcpSegment& segment, const FrameRef& frame, Side s);
  void take(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  void note_in_journal(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  // A segment that only carries on: false, and nothing was done, unless all about it is as expected.
  bool carry_on(const TcpSegment& segment, const FrameRef& frame, Side s);
  void locate(LiveSide& sender, LiveSide& receiver, const TcpSegment& segment);
  void locate_syn(LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment);
  bool foreign(const LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment,
               StreamOffset seq) const;
  SegmentRecord record_of(const TcpSegment& segment, const FrameRef& frame, Side s) const;
  static void describe(const TcpSegment& segment, const FrameRef& frame, Side s, SegmentRecord& record);
  void follow(const TcpSegment& segment, SegmentRecord& record, Side s, Bearing& bearing);
  void note_ack(const SegmentRecord& record, LiveSide& sender, LiveSide& receiver);
  void measure(const SegmentRecord& record, LiveSide& sender, LiveSide& receiver);
  void note_close(const SegmentRecord& record, LiveSide& sender);
  SideFacts facts_of(Side s, bool copies_are_capture) const;
  void move_origin(FlowTrace& trace) const;
  void choose_client(FlowTrace& trace) const;

  static constexpr std::uint8_t kYoung = 12;  // segments that are kept to be had again

  PerSide<LiveSide> sides_;
  Limits limits_;
  RecordLog log_;
  SegmentJournal journal_;
  Folding folding_;
  FrameRef first_, last_, last_copy_;
  std::vector<IcmpRecord> icmp_;
  std::uint64_t icmp_total_ = 0, first_copy_ = 0;
  PeerTrackers peers_;
  std::uint8_t in_journal_ = 0;  // segments; kYoung + 1 for no longer kept
  bool started_ = false, synchronized_ = false, reset_ = false;
  Side reset_by_ = Side::A;
  std::optional<Side> first_syn_, first_syn_ack_;
};

}  // namespace tcpautopsy

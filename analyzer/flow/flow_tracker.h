// From the segments of a connection to the records, sums and round trips of its FlowTrace.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/compat/compat_trackers.h"
#include "analyzer/flow/flow_key.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/folding.h"
#include "analyzer/flow/live_side.h"
#include "analyzer/flow/record_log.h"
#include "analyzer/flow/segment_journal.h"
#include "analyzer/transfer/transfer_tracker.h"

namespace tcpautopsy {

class FlowTracker {
 public:
  struct Limits {
    std::size_t max_records;
    bool keep_all;
    bool peer_words = true;
    bool long_way = false;  // FlowOptions::long_way
  };

  FlowTracker(const FlowKey& key, bool a_is_low, const Limits& limits)
      : key_(key),
        a_is_low_(a_is_low),
        self_(key.low == key.high),
        limits_(limits),
        compat_(limits.peer_words) {}

  void add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role);
  void add(const IcmpError& error, const FrameRef& frame, Side quoted, bool in_doubt);
  // All segments of a journal with this epoch.
  void replay(Bytes journal, TimeNs epoch);
  // Fills in all that the segments tell. The tracker is empty after that.
  void conclude(bool copies_are_capture, EndedFlow& flow);
  // The same of the segments so far, without transfer facts and other tools' words; the tracker goes on.
  void so_far(bool copies_are_capture, FlowTrace& trace) const;

  const LiveSide& side(Side s) const { return sides_[index(s)]; }
  bool self() const { return self_; }
  // No plain segment yet: at most SYNs, SYN-ACKs, RSTs and strays.
  bool opening() const { return !synchronized_; }
  // Both ends have closed, or one was reset: a new SYN opens a new incarnation at once.
  bool closed() const;
  bool reset() const { return reset_; }
  // Closed by RSTs only, and whom they were for sent more than a RST after them: it may not have taken them.
  bool reset_in_doubt() const { return reset_ && went_on_ && !(sides_[0].fin_seen && sides_[1].fin_seen); }
  // Closed, and nothing is owed any more.
  bool over() const;
  // How far the numbers of a segment of `s` are from where this flow's are; larger is worse, kUnfit at most.
  std::uint32_t misfit(const TcpSegment& segment, Side s) const;
  std::uint32_t misfit(const IcmpError& error, Side quoted) const;
  // The number is far from all that `quoted` was seen to send; while the connection opens, not among it.
  bool never_sent(Seq seq, Side quoted) const;
  // An ICMP error about it came, and it is still opening: its attempt to connect is over.
  bool told_off() const { return told_ && opening(); }
  static constexpr std::uint32_t kUnfit = 0x80000000U;
  static constexpr std::size_t kMostErrors = 256;  // ICMP errors that are kept
  // Of memory, about: what may grow large is counted, what may not is taken as it mostly is.
  std::size_t octets() const;
  // The first packet recognised as a copy; its number is 0 where there is none.
  const FrameRef& first_copy() const { return first_copy_; }

  // What a segment says of itself, without its place in the streams.
  static void describe(const TcpSegment& segment, const FrameRef& frame, Side s, SegmentRecord& record);

 private:
  LiveSide& peer_of(Side s) { return sides_[self() ? 0 : index(other(s))]; }
  const LiveSide& peer_of(Side s) const { return sides_[self() ? 0 : index(other(s))]; }
  StreamOffset quoted_number(const IcmpError& error, Side quoted) const;
  void count(LiveSide& sender, const TcpSegment& segment);
  void count_copy(const TcpSegment& segment, const FrameRef& frame, Side s);
  // A segment that only carries on: false, and nothing was done, unless all about it is as expected.
  bool carry_on(const TcpSegment& segment, const FrameRef& frame, Side s);
  void locate(Side s, const TcpSegment& segment);
  void choose_iss(Side s, Seq acknowledged);
  void locate_syn(Side s, LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment);
  bool of_before(const TcpSegment& segment, Side s) const;
  bool foreign(const LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment,
               StreamOffset seq) const;
  SegmentRecord record_of(const TcpSegment& segment, const FrameRef& frame, Side s) const;
  void follow(const TcpSegment& segment, SegmentRecord& record, Side s, Bearing& bearing);
  void learn_from_probe(const SegmentRecord& record, LiveSide& sender, const LiveSide& receiver);
  void learn_from_answer(const SegmentRecord& record, LiveSide& prober);
  void next_is(const FrameRef& frame);
  void transfer(const TcpSegment& segment, const SegmentRecord& record, std::uint32_t new_bytes);
  void note_ack(const SegmentRecord& record, LiveSide& sender, LiveSide& receiver);
  void measure(const SegmentRecord& record, LiveSide& sender, LiveSide& receiver);
  void note_close(const SegmentRecord& record, LiveSide& sender);
  SideFacts facts_of(Side s, bool copies_are_capture) const;
  void complete(bool copies_are_capture, FlowTrace& trace) const;
  void move_origin(FlowTrace& trace) const;
  void choose_client(FlowTrace& trace) const;

  FlowKey key_;
  bool a_is_low_, self_;
  bool started_ = false, synchronized_ = false, reset_ = false, went_on_ = false;
  bool told_ = false;  // by an ICMP error that is not in doubt
  Side reset_by_ = Side::A;
  std::optional<Side> first_syn_, first_syn_ack_;
  Limits limits_;
  PerSide<LiveSide> sides_;
  RecordLog log_;
  Folding folding_;
  FrameRef first_, last_, first_copy_, last_copy_;
  TimeNs silence_ns_ = 0;       // before the last segment
  Side last_sender_ = Side::A;  // of the last segment but the one at hand
  std::vector<IcmpRecord> icmp_;
  std::uint64_t icmp_total_ = 0;
  CompatTrackers compat_;
  std::optional<TransferTracker> transfer_;
};

}  // namespace tcpautopsy

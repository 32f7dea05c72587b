// Watches what one end sends again, and judges each when the evidence is in.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/transfer/ack_trail.h"
#include "analyzer/transfer/retransmission_class.h"
#include "analyzer/transfer/retransmission_results.h"
#include "analyzer/transfer/send_log.h"
#include "analyzer/transfer/send_order.h"

namespace tcpautopsy {

class RetransmissionWatch {
 public:
  static constexpr std::size_t kMostPending = 64;
  static constexpr std::size_t kMostUnseen = 16;

  // A segment of the end watched; `own` is what was seen of its sending before.
  // probes (keep-alives and window probes) left out.
  void sends(const PlacedSegment& segment, const SenderView& own, bool sack_unused);
  // A probe of a closed window: its octet counts as sent if the receiver takes it.
  void probes(const PlacedSegment& segment);
  // An ICMP error tells it that what it sent at `seq` was too big for the path: it sends again at once.
  void shrinks(StreamOffset seq, TimeNs time_ns);
  // A segment of its peer.
  void hears(const PlacedSegment& segment, const SenderView& own);
  // One with data that acknowledges what was acknowledged before: the same in one step.
  void hears_nothing_new(const PlacedSegment& segment) { trail_.window_is(segment.segment.window); }
  // `own` of the end watched, `peer` of the other one, whose acknowledgments and round trips these are.
  void finish(const SenderView& view, RetransmissionResults& own, RetransmissionResults& peer);

  std::size_t octets() const {
    return log_.octets() + facts_.resends.octets();
  }  // of what grows most, beside itself

 private:
  // Sent again, and not yet told for good.
  struct Retransmission {
    FrameRef frame;
    StreamOffset begin = 0, end = 0;
    StreamOffset needed_begin = 0, needed_end = 0;  // of it, what no report of a duplicate covers
    TimeNs waited_ns = 0;
    std::uint32_t ts_val = 0;
    RetransmissionCause cause = RetransmissionCause::Prompt;
    bool has_ts = false, data = false, syn = false;
    bool open = true;  // no ACK that covers it has passed since
    bool spurious = false, first_unseen = false;
    bool acked = false;  // an ACK of all of it had passed when it did
  };
  // Acknowledged, but not seen.
  struct Unseen {
    StreamOffset begin = 0, end = 0;
    FrameRef ack;
  };

  struct Wait {
    TimeNs begin = 0, end = 0;
  };

  void again(const PlacedSegment& s, const SenderView& own, bool sack_unused);
  bool carries_on(const PlacedSegment& s, const SenderView& own) const;
  bool held_up(const PlacedSegment& s) const;
  static bool same_packet(const PlacedSegment& s, const SendLog::Entry& before);
  bool duplicated(const PlacedSegment& s, const SendLog::Entry& before, const SenderView& own) const;
  bool differs(const PlacedSegment& s) const;
  bool overtaken(const PlacedSegment& s, const RetransmissionContext& context) const;
  RetransmissionContext context_of(const PlacedSegment& s, const SenderView& own,
                                   const SendLog::Entry* before, bool sack_unused) const;
  void judge(const PlacedSegment& s, const SenderView& own, const RetransmissionContext& context,
             bool first_unseen);
  static bool next_step(const Retransmission& before, StreamOffset begin, TimeNs waited);
  void classify_last_segment(const PlacedSegment& s, TimeNs waited_ns);
  bool asked_to_resend(const PlacedSegment& s, const SendLog::Entry* before,
                       const RetransmissionContext& context) const;
  void note_timeout(const PlacedSegment& s, TimeNs waited_ns);
  void count(const Retransmission& retransmission);
  void note_wait(const Retransmission& retransmission);
  void measure(const PlacedSegment& ack, const SenderView& own, const SendLog::Acknowledged& taken);
  void confirm(const PlacedSegment& ack, StreamOffset una);
  void report(const DsackReport& dsack);
  void note_unseen(const PlacedSegment& ack, const SenderView& own, const SendLog::Acknowledged& taken);

  SendLog log_;
  AckTrail trail_;
  SendOrder order_;
  StreamOffset shown_to_ = 0;  // the highest number that any segment of it but a RST or a probe shows
  TimeNs shown_ns_ = 0;        // when the last of these passed
  RoundTrips trips_;           // to the receiver
  std::vector<Retransmission> pending_;
  std::vector<Unseen> unseen_;
  std::vector<Wait> waits_;                          // for timeouts, those not summed up yet
  StreamOffset fast_until_ = 0, timeout_until_ = 0;  // recovery is over when this is acknowledged
  TimeNs stall_ns_ = 0, timeout_ns_ = 0;             // timeout_ns_: of the last of timeouts_
  FrameRef stall_begin_;
  std::optional<StreamOffset> probed_;       // the octet of the last window probe
  StreamOffset in_syn_until_ = 0;            // data that a SYN carried, and that was not sent since
  StreamOffset too_big_from_ = 0;            // what an ICMP error quoted
  std::optional<TimeNs> too_big_ns_;         // when the last of them passed
  std::uint32_t timeouts_ = 0, probes_ = 0;  // since the cumulative ACK last moved
  std::uint32_t open_ = 0;                   // of pending_
  bool recovering_fast_ = false, recovering_timeout_ = false, repaired_ = false;
  RetransmissionResults facts_;
};

}  // namespace tcpautopsy

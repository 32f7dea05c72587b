#include "analyzer/infer/resets.h"

#include <algorithm>
#include <limits>

#include "analyzer/decode/window_scale.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/infer/weights.h"

namespace tcpautopsy {
namespace {

constexpr StreamOffset kLargestWindow = StreamOffset{65535} << 14;  // RFC 7323 2.3
// Octets sent after a RST stand no further beyond it than this.
constexpr StreamOffset kNextOctets = 1 << 24;

// One end as the records before a RST show it.
struct Heard {
  HighestAck acked;
  std::optional<StreamOffset>
      right_edge;  // the highest that its window offered; none while no ACK of it came
  bool fin = false;
  RecordIndex answered = kNoRecord;  // the segment that its last RST answered
};

class ResetReader {
 public:
  ResetReader(const FlowTrace& trace, std::vector<ResetReading>& readings)
      : trace_(trace), readings_(readings) {
    for (const Side side : {Side::A, Side::B})
      shift_[index(side)] = window_shift(trace.facts(side).syn_options, trace.facts(other(side)).syn_options);
    scale_known_ = window_scale_known(trace.facts(Side::A), trace.facts(Side::B));
  }

  void read() {
    for (RecordIndex i = 0; i < trace_.records.size(); ++i) {
      const SegmentRecord& r = trace_.records[i];
      if (r.has(kRst)) {
        readings_.push_back(read(i));
        continue;
      }
      Heard& sender = heard_[index(r.side)];
      sender.fin = sender.fin || r.has(kFin);
      if (!r.has(kAck)) continue;
      sender.acked.take(r);
      const auto window = static_cast<StreamOffset>(r.window) << (r.has(kSyn) ? 0U : shift_[index(r.side)]);
      sender.right_edge = std::max(sender.right_edge.value_or(r.ack + window), r.ack + window);
    }
  }

 private:
  ResetReading read(RecordIndex i) {
    const SegmentRecord& r = trace_.records[i];
    Heard& sender = heard_[index(r.side)];
    const Heard& receiver = heard_[index(trace_.self_connection ? r.side : other(r.side))];
    ResetReading reading;
    reading.record = i;
    reading.damaged = came_damaged(i);
    place(r, sender, heard_by_then(i, receiver), reading);
    if (r.copy || r.has(kSyn)) return reading;
    reading.goes_on = continuation(i);
    if (reading.damaged) return reading;
    reading.answers = answered_segment(i, sender.answered);
    if (reading.answers != kNoRecord) sender.answered = reading.answers;
    // Below the window it may answer an older segment; 0 on the wire answers one without ACK.
    const SideFacts& facts = trace_.facts(r.side);
    const bool before_stream =
        facts.iss_known && r.seq < 1 && (wrap(r.seq, facts.iss).raw() != 0 || syn_answered_before(i, r.side));
    reading.odd_sequence = reading.beyond_window && reading.answers == kNoRecord &&
                           (r.seq > receiver.acked.value || before_stream);
    return reading;
  }

  // What the receiver had acknowledged when the RST came to it, a part of the round trip after it passed.
  Heard heard_by_then(RecordIndex i, Heard receiver) const {
    const SegmentRecord& reset = trace_.records[i];
    const Side side = trace_.self_connection ? reset.side : other(reset.side);
    const TimeNs comes_ns = reset.frame.time_ns + weights::shortest(trace_.rtt(side).value_or(0));
    for (RecordIndex k = i + 1; k < trace_.records.size(); ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (r.frame.time_ns >= comes_ns) break;
      if (r.side == side && !r.copy && !r.has(kSyn)) receiver.acked.take(r);
    }
    return receiver;
  }

  // A capture sees all that an offloading host sends with wrong checksums, and of what a receiver has joined
  // the data. A RST is neither if the empty segments before it were mostly right, or if no TCP sends its
  // flags.
  bool came_damaged(RecordIndex i) const {
    const SegmentRecord& reset = trace_.records[i];
    if (!reset.bad_checksum) return false;
    if (damaged(trace_, reset) || reset.has(kFin)) return true;
    constexpr std::size_t kEnough = 3;
    std::size_t right = 0, wrong = 0;
    for (RecordIndex k = 0; k < i; ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (r.side == reset.side && !r.copy && r.payload == 0) ++(r.bad_checksum ? wrong : right);
    }
    return right >= kEnough && right > wrong;
  }

  // RFC 9293 3.10.7.4, first and second check, as RFC 5961 3.2 narrows them. The capture does not know
  // RCV.NXT, only that it lies between what the receiver acknowledged and what was sent to it. One below is
  // still taken after a FIN, since some stacks abort so after they have closed.
  void place(const SegmentRecord& r, const Heard& sender, const Heard& receiver,
             ResetReading& reading) const {
    if (!receiver.acked.any) {
      // Its receiver was not captured: below what was sent it counts only if that was lost.
      reading.inexact = sender.fin && r.seq < r.sent_max;
      return;
    }
    const StreamOffset expected = receiver.acked.value;
    const StreamOffset top = std::max(r.sent_max, expected);
    const StreamOffset edge =
        scale_known_ && receiver.right_edge ? std::max(*receiver.right_edge, top) : top + kLargestWindow;
    reading.beyond_window = r.seq < expected - (sender.fin ? 1 : 0) || r.seq > edge;
    reading.inexact = !reading.beyond_window && r.seq != expected && r.seq != top;
  }

  // The highest number that `side` had sent when record `i` passed.
  std::optional<StreamOffset> sent_until(RecordIndex i, Side side) const {
    const RecordIndex last = last_before(trace_, i, side);
    if (last == kNoRecord) return std::nullopt;
    const RecordIndex next = first_after(trace_, i, side);
    const SegmentRecord& before = trace_.records[last];
    const StreamOffset folded = next == kNoRecord ? 0 : trace_.records[next].sent_max;
    return std::max({before.sent_max, before.end(), folded});
  }

  // It acknowledges octets that passed toward its sender only after record `i`, in a hole of what had.
  bool filled_since(RecordIndex i, const SegmentRecord& ack) const {
    const Side side = other(ack.side);
    const RecordIndex before = last_before(trace_, i, side);
    const RecordIndex fill = first_after(
        trace_, i, side, [](const SegmentRecord& r) { return r.standing.fills_gap && !r.has(kRst); });
    if (before == kNoRecord || fill == kNoRecord) return false;
    const SegmentRecord& filling = trace_.records[fill];
    return filling.frame.time_ns < ack.frame.time_ns && ack.ack >= filling.end() &&
           filling.seq >= trace_.records[before].contiguous;
  }

  // A RST after which its sender goes on as before was not its sender's, or was never meant to end the
  // connection. What it sent before the RST may come after it for a while; a timestamp tells, and so does an
  // acknowledgment of what passed toward it only later.
  RecordIndex continuation(RecordIndex i) const {
    const SegmentRecord& reset = trace_.records[i];
    const TimeNs late = reordering_slack(trace_);
    const bool opens = only_opens_before(i, reset.side);
    const auto heard = sent_until(i, other(reset.side));
    return first_after(trace_, i, reset.side, [&](const SegmentRecord& r) {
      // The same SYN again, of this incarnation: the socket that connects still waits.
      if (means_syn(r.flags)) return opens && r.seq == 0;
      if (r.has(kSyn) || r.has(kRst)) return false;
      if (heard && r.has(kAck) && r.ack > *heard && !r.standing.acks_unseen) return true;
      if (r.has(kAck) && filled_since(i, r)) return true;
      if (r.has_timestamps && reset.has_timestamps)
        return static_cast<std::int32_t>(r.ts_val - reset.ts_val) > 0;
      const bool octets = r.sequence_length() > 0;
      if (octets && r.seq >= reset.seq && r.seq <= reset.seq + kNextOctets) return true;
      return r.frame.time_ns - reset.frame.time_ns > late;
    });
  }

  // `side` has answered the latest SYN of its peer by a SYN-ACK: a host that refuses that SYN is another.
  bool syn_answered_before(RecordIndex i, Side side) const {
    const auto syn = last_before(trace_, i, other(side), [](const SegmentRecord& r) { return r.has(kSyn); });
    const auto answer =
        last_before(trace_, i, side, [](const SegmentRecord& r) { return r.has(kSyn | kAck); });
    return syn != kNoRecord && answer != kNoRecord && syn < answer;
  }

  // It has sent SYNs and RSTs, and nothing that completes a handshake.
  bool only_opens_before(RecordIndex i, Side side) const {
    bool opens = false;
    for (RecordIndex k = 0; k < i; ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (r.side != side || r.copy || r.has(kRst)) continue;
      if (!means_syn(r.flags)) return false;
      opens = true;
    }
    return opens;
  }

  // For each record before `i`: the highest ACK that `side` sent between it and `i`.
  std::vector<StreamOffset> acked_until(RecordIndex i, Side side) const {
    std::vector<StreamOffset> until(i, std::numeric_limits<StreamOffset>::min());
    HighestAck acked;
    for (RecordIndex k = i; k-- > 1;) {
      if (trace_.records[k].side == side) acked.take(trace_.records[k]);
      if (acked.any) until[k - 1] = acked.value;
    }
    return until;
  }

  // A RST without ACK takes its sequence number from the segment it answers, and answers at once. Segments
  // that ask for an answer (data, FIN, probe) draw one RST each, in order; plain acknowledgments are seldom
  // what drew it.
  RecordIndex answered_segment(RecordIndex i, RecordIndex after) const {
    const SegmentRecord& reset = trace_.records[i];
    if (reset.has(kAck)) return kNoRecord;
    // Half the least round trip: it may be an overestimate by a delayed ACK.
    const TimeNs way = trace_.rtt(reset.side).value_or(0);
    const TimeNs latest = reset.frame.time_ns - way / 2;
    const TimeNs earliest = reset.frame.time_ns - way - weights::kOldestRefused;
    const auto acked = acked_until(i, reset.side);
    RecordIndex plain = kNoRecord, asking = kNoRecord;
    for (RecordIndex k = after == kNoRecord ? 0 : after + 1; k < i; ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (r.side == reset.side || r.copy || r.has(kRst) || r.has(kSyn) || !r.has(kAck)) continue;
      if (r.ack != reset.seq || r.frame.time_ns > latest || r.frame.time_ns < earliest) continue;
      if (r.sequence_length() == 0 && !r.standing.keepalive) {
        plain = k;
      } else if (acked[k] < r.end()) {
        // What was sent again had not been answered: the RST is for the repeat.
        const bool repeats = asking != kNoRecord && trace_.records[asking].seq == r.seq;
        if (asking == kNoRecord || repeats) asking = k;
      }
    }
    return asking != kNoRecord ? asking : plain;
  }

  const FlowTrace& trace_;
  std::vector<ResetReading>& readings_;
  PerSide<Heard> heard_;
  PerSide<unsigned> shift_{};
  bool scale_known_ = false;
};

}  // namespace

void read_resets(const FlowTrace& trace, std::vector<ResetReading>& readings) {
  ResetReader(trace, readings).read();
}

}  // namespace tcpautopsy

#include "analyzer/infer/reactions.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

// Least delay beyond the round trip at which a missing reaction speaks: delayed ACKs come within 40 ms on
// Linux (RFC 9293 3.8.6.3 allows 500 ms), SYN-ACKs and the ACK of one at once.
constexpr TimeNs kPatienceForFin = 130 * kMillisecond;
constexpr TimeNs kPatienceForSyn = 60 * kMillisecond;

struct Reaction {
  std::size_t record = kNowhere;
  TimeNs time_ns = 0;
};

bool reflects(const SegmentRecord& r, const Meaning& m, std::uint8_t trigger, StreamOffset fin_end) {
  if (!m.constrains || r.has(kRst)) return false;
  switch (trigger) {
    case kGotSyn: return r.has(kSyn | kAck);
    case kGotSynAck: return r.has(kAck) && !r.has(kSyn) && r.ack >= 1;
    default: return r.has(kAck) && r.ack >= fin_end;
  }
}

// The first segment of `side` after record `i` that shows that `trigger` had arrived.
Reaction first_reaction(const FlowTrace& trace, const TraceMeaning& meaning, std::size_t i, Side side,
                        std::uint8_t trigger, StreamOffset fin_end) {
  for (std::size_t k = i + 1; k < trace.records.size(); ++k)
    if (trace.records[k].side == side && reflects(trace.records[k], meaning.records[k], trigger, fin_end))
      return {k, trace.records[k].frame.time_ns};
  return {};
}

// A duplicate SACK that covers the FIN (RFC 2883): it had come before.
bool dsacks_fin(const FlowTrace& trace, const SegmentRecord& r, Side fin_sender, StreamOffset fin_end) {
  if (!r.is_dsack) return false;
  const StreamOffset right = unwrap(r.first_sack.right, trace.facts(fin_sender).iss, fin_end);
  return right == fin_end;
}

struct Trial {
  std::uint8_t trigger;
  TimeNs patience;
};

class Weigher {
 public:
  Weigher(const FlowTrace& trace, TraceMeaning& meaning, TimeNs capture_end_ns)
      : trace_(trace), meaning_(meaning), capture_end_ns_(capture_end_ns) {}

  void weigh(std::size_t i) {
    for (const Trial& trial : {Trial{kGotSyn, kPatienceForSyn}, Trial{kGotSynAck, kPatienceForSyn},
                               Trial{kGotFin, kPatienceForFin}})
      if (meaning_.records[i].triggers & trial.trigger) try_one(i, trial);
  }

 private:
  void try_one(std::size_t i, const Trial& trial) {
    const SegmentRecord& r = trace_.records[i];
    const Side receiver = other(r.side);
    const StreamOffset fin_end = meaning_.streams[index(r.side)].fin_end;
    const TimeNs rtt = meaning_.streams[index(receiver)].rtt_ns;
    const Reaction reaction = first_reaction(trace_, meaning_, i, receiver, trial.trigger, fin_end);
    Meaning& m = meaning_.records[i];
    const bool waited_for_ever =
        reaction.record == kNowhere && capture_end_ns_ - r.frame.time_ns > rtt + trial.patience + kSecond;
    if (waited_for_ever || better_explained(i, reaction, trial, rtt)) {
      m.idle_cost = m.miss_cost;
      m.deliver_cost = std::max<Cost>(m.deliver_cost, static_cast<Cost>(m.miss_cost + 1));
    }
    if (trial.trigger == kGotSyn && reaction.record != kNowhere) weigh_echo(i, reaction.record);
    if (trial.trigger == kGotFin && (repeated_and_dsacked(i, receiver, fin_end) || echoed_though_repeated(i, reaction.record))) {
      m.deliver_cost = m.idle_cost = 0;
      m.miss_cost = 20;
    }
  }

  // A later copy explains the reaction's time and this one does not.
  bool better_explained(std::size_t i, const Reaction& reaction, const Trial& trial, TimeNs rtt) const {
    if (reaction.record == kNowhere) return false;
    const TimeNs own_delay = reaction.time_ns - trace_.records[i].frame.time_ns - rtt;
    if (own_delay <= trial.patience) return false;
    for (std::size_t k = reaction.record; k-- > i + 1;) {
      const SegmentRecord& copy = trace_.records[k];
      if (copy.side != trace_.records[i].side || (meaning_.records[k].triggers & trial.trigger) == 0)
        continue;
      return reaction.time_ns - copy.frame.time_ns >= rtt - rtt / 8;
    }
    return false;
  }

  // The SYN-ACK echoes the timestamp of the SYN that opened (RFC 7323 4.3): it decides among repeats.
  void weigh_echo(std::size_t i, std::size_t syn_ack) {
    const SegmentRecord& syn = trace_.records[i];
    const SegmentRecord& answer = trace_.records[syn_ack];
    if (!syn.has_timestamps || !answer.has_timestamps || answer.ts_ecr == 0) return;
    Meaning& m = meaning_.records[i];
    if (answer.ts_ecr == syn.ts_val) {
      m.deliver_cost = 0;
      m.miss_cost = 20;
    } else {
      m.deliver_cost = 12;
      m.miss_cost = 0;
    }
  }

  // Two FINs passed, and the answer to the second reports it as a duplicate: the first had arrived.
  bool repeated_and_dsacked(std::size_t i, Side receiver, StreamOffset fin_end) const {
    std::size_t copies = 0;
    for (std::size_t k = i; k < trace_.records.size(); ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (r.side != receiver) {
        copies += (meaning_.records[k].triggers & kGotFin) != 0;
      } else if (dsacks_fin(trace_, r, other(receiver), fin_end)) {
        return copies == 2;
      }
    }
    return false;
  }

  // The reaction echoes this copy's timestamp, not that of the later one that drew it: a TIME-WAIT that answers a repeated FIN keeps the
  // TS.Recent of the first (RFC 7323 4.3; Linux does not renew it).
  bool echoed_though_repeated(std::size_t i, std::size_t reaction) const {
    const SegmentRecord& fin = trace_.records[i];
    if (reaction == kNowhere || !fin.has(kFin) || !fin.has_timestamps || !trace_.records[reaction].has_timestamps) return false;
    return trace_.records[reaction].ts_ecr == fin.ts_val;
  }

  const FlowTrace& trace_;
  TraceMeaning& meaning_;
  TimeNs capture_end_ns_;
};

}  // namespace

void weigh_reactions(const FlowTrace& trace, TraceMeaning& meaning, TimeNs capture_end_ns) {
  if (trace.one_sided() || trace.self_connection) return;
  Weigher weigher(trace, meaning, capture_end_ns);
  for (std::size_t i = 0; i < trace.records.size(); ++i) weigher.weigh(i);
}

}  // namespace tcpautopsy

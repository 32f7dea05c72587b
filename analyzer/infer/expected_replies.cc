#include "analyzer/infer/expected_replies.h"

#include <algorithm>
#include <optional>

namespace tcpautopsy {
namespace {

using namespace weights;

struct Reaction {
  std::size_t record = kNowhere;
  TimeNs time_ns = 0;
};

bool reflects(const SegmentRecord& r, const Observation& m, std::uint8_t trigger, StreamOffset end) {
  if (!m.constrains || r.has(kRst)) return false;
  switch (trigger) {
    case kGotSyn: return r.has(kSyn | kAck);
    case kGotSynAck: return r.has(kAck) && !r.has(kSyn) && r.ack >= 1;
    default: return r.has(kAck) && !r.has(kSyn) && r.ack >= end;
  }
}

// The first segment of `side` after record `i` that shows that `trigger` had arrived; `end` is the sequence
// number it acknowledges.
Reaction first_reaction(const FlowTrace& trace, const Observations& observations, std::size_t i, Side side,
                        std::uint8_t trigger, StreamOffset end) {
  for (std::size_t k = i + 1; k < trace.records.size(); ++k)
    if (trace.records[k].side == side && reflects(trace.records[k], observations.records[k], trigger, end))
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
  Weigher(const FlowTrace& trace, Observations& observations, TimeNs capture_end_ns)
      : trace_(trace), observations_(observations), capture_end_ns_(capture_end_ns) {}

  void weigh(std::size_t i) {
    for (const Trial& trial : {Trial{kGotSyn, kPatienceForSyn}, Trial{kGotSynAck, kPatienceForSyn},
                               Trial{kGotFin, kPatienceForFin}})
      if (observations_.records[i].triggers & trial.trigger) try_one(i, trial);
    const SegmentRecord& r = trace_.records[i];
    if (r.payload > 0 && !r.has(kSyn) && handshake_in_doubt(i)) try_one(i, {kGotAckOfSyn, kPatienceForFin});
    if (observations_.records[i].triggers == kGotAckOfSyn) observations_.records[i].miss_cost = kDropped;
  }

  // Segments to an end that has not answered earlier ones, though it should have, go the way of those.
  void weigh_dead_path(Side receiver) {
    unsigned unanswered = 0;
    TimeNs since = 0;
    for (std::size_t i = 0; i < trace_.records.size(); ++i) {
      const SegmentRecord& r = trace_.records[i];
      if (r.copy) continue;
      if (r.side == receiver) {
        if (r.has(kFin)) return;
        unanswered = 0;
        continue;
      }
      Observation& m = observations_.records[i];
      const TimeNs patience = observations_.streams[index(receiver)].rtt_ns + kPatienceForDeadPath;
      if (unanswered >= kUnansweredOfDeadPath && r.frame.time_ns - since > patience) {
        m.miss_cost = kDeadPathMiss;
        m.deliver_cost = std::max(m.deliver_cost, kDeadPathArrival);
        m.idle_cost = kDeadPathMiss;  // an end that has it already would answer it again
      }
      if (!(r.standing.retransmission || r.standing.keepalive) || r.has(kSyn)) continue;
      if (unanswered++ == 0) since = r.frame.time_ns;
    }
  }

  // A client that goes on sending its SYN has not got the SYN-ACKs before: further ones go the same way.
  void weigh_lost_syn_acks(Side client) {
    const TimeNs rtt = observations_.streams[index(client)].rtt_ns;
    unsigned passed = 0, lost = 0;
    TimeNs last = 0;
    for (std::size_t i = 0; i < trace_.records.size(); ++i) {
      const SegmentRecord& r = trace_.records[i];
      Observation& m = observations_.records[i];
      if (r.copy) continue;
      if (r.side == client) {
        if (m.sends == Sends::Syn && passed > 0 && r.frame.time_ns - last > rtt) lost = passed;
        continue;
      }
      if (m.sends != Sends::SynAck) continue;
      if (lost > 0) m.miss_cost = kLostAgain;
      if (lost >= kUnansweredOfDeadPath) {
        m.miss_cost = kDeadPathMiss;
        m.deliver_cost = std::max(m.deliver_cost, kDeadPathArrival);
      }
      ++passed;
      last = r.frame.time_ns;
    }
  }

  // A bare RST answers one segment: that came, and was refused rather than taken.
  void weigh_refusal(std::size_t rst) {
    const SegmentRecord& r = trace_.records[rst];
    const TimeNs rtt = observations_.streams[index(r.side)].rtt_ns;
    for (std::size_t k = rst; k-- > 0;) {
      const SegmentRecord& g = trace_.records[k];
      const TimeNs age = r.frame.time_ns - g.frame.time_ns;
      if (age > rtt + kOldestRefused) return;
      if (g.side == r.side || !g.has(kAck) || g.has(kRst) || g.ack != r.seq || age < shortest(rtt) - kJitter)
        continue;
      if (refused_for_its_data(g, observations_.streams[index(r.side)])) return;
      observations_.records[k].miss_cost = 0;
      observations_.records[k].deliver_cost = std::max(observations_.records[k].deliver_cost, kRefusedTaken);
      observations_.records[k].idle_cost = 0;
      return;
    }
  }

 private:
  // Data to an end that takes none any more, by what it says itself: its ACK of the FIN counts all the same
  // (RFC 9293 3.10.7.4 looks at the ACK first; RFC 1122 4.2.2.13).
  static bool refused_for_its_data(const SegmentRecord& r, const StreamFacts& receiver) {
    return r.payload > 0 && receiver.fin_end > 0 && r.ack >= receiver.fin_end;
  }

  // The receiver's next segment is not one of an established connection.
  bool handshake_in_doubt(std::size_t i) const {
    if ((observations_.records[i].triggers & kGotAckOfSyn) == 0) return false;
    const Side receiver = other(trace_.records[i].side);
    if (!observations_.streams[index(receiver)].sent_syn_ack) return false;
    for (std::size_t k = i + 1; k < trace_.records.size(); ++k)
      if (trace_.records[k].side == receiver && observations_.records[k].constrains)
        return observations_.records[k].sends == Sends::SynAck || observations_.records[k].bare_rst;
    for (std::size_t k = i; k-- > 0;)
      if (trace_.records[k].side == receiver) return observations_.records[k].sends == Sends::SynAck;
    return false;
  }

  void try_one(std::size_t i, const Trial& trial) {
    const SegmentRecord& r = trace_.records[i];
    const Side receiver = other(r.side);
    const StreamOffset end =
        trial.trigger == kGotFin ? observations_.streams[index(r.side)].fin_end : r.end();
    const TimeNs rtt = observations_.streams[index(receiver)].rtt_ns;
    const Reaction reaction = first_reaction(trace_, observations_, i, receiver, trial.trigger, end);
    Observation& m = observations_.records[i];
    // The capture missed a FIN of the receiver's, which may have been the reaction.
    const bool reaction_unseen = observations_.streams[index(receiver)].unseen_fin;
    const bool waited_for_ever =
        reaction.record == kNowhere && !reaction_unseen &&
        attended_until(i) - r.frame.time_ns > rtt + trial.patience + kPatienceForEver;
    const std::optional<Cost> other_copy = better_explained(i, reaction, trial, rtt);
    // By the IP IDs a FIN of the receiver's passed unseen: that may have acknowledged this one.
    const bool answered_by_fin =
        trial.trigger == kGotFin && observations_.streams[index(receiver)].lost_fins > 0;
    if (!answered_by_fin && (waited_for_ever || other_copy)) {
      m.idle_cost = m.miss_cost;
      // An end that has closed may be cut off in the other direction only: then neither is likelier.
      const bool cut_off = waited_for_ever && observations_.streams[index(receiver)].first_fin < i;
      const int dearer = (cut_off ? 0 : kNoReaction) + other_copy.value_or(0);
      m.deliver_cost = std::max<Cost>(m.deliver_cost, static_cast<Cost>(m.miss_cost + dearer));
    }
    if (trial.trigger == kGotSyn && reaction.record != kNowhere) weigh_echo(i, reaction.record);
    if ((trial.trigger == kGotFin && repeated_and_dsacked(i, receiver, end)) ||
        echoed_though_repeated(i, reaction.record, trial)) {
      m.deliver_cost = m.idle_cost = 0;
      m.miss_cost = kCertain;
    } else if (trial.trigger == kGotSynAck && another_was_echoed(i, reaction.record)) {
      m.deliver_cost = kAnotherTaken;
    }
  }

  // The reaction echoes the timestamp of another SYN-ACK than record `i`: that one was taken.
  bool another_was_echoed(std::size_t i, std::size_t reaction) const {
    if (reaction == kNowhere || !trace_.records[reaction].has_timestamps) return false;
    for (std::size_t k = 0; k < reaction; ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (k != i && r.side == trace_.records[i].side && r.has(kSyn | kAck) && r.has_timestamps &&
          r.ts_val == trace_.records[reaction].ts_ecr)
        return true;
    }
    return false;
  }

  // Until when the receiver of record `i` could have reacted: a RST that is heeded ends it.
  TimeNs attended_until(std::size_t i) const {
    for (std::size_t k = i + 1; k < trace_.records.size(); ++k)
      if (trace_.records[k].has(kRst) && !observations_.records[k].unacceptable_to_syn &&
          !observations_.records[k].damaged_rst)
        return trace_.records[k].frame.time_ns;
    return capture_end_ns_;
  }

  // A later copy explains the reaction's time and this one does not. What the copy's arrival costs where it
  // came sooner than the least round trip measured: that may be well above the least there is.
  std::optional<Cost> better_explained(std::size_t i, const Reaction& reaction, const Trial& trial,
                                       TimeNs rtt) const {
    if (reaction.record == kNowhere) return std::nullopt;
    const TimeNs own_delay = reaction.time_ns - trace_.records[i].frame.time_ns - rtt;
    if (own_delay <= trial.patience) return std::nullopt;
    for (std::size_t k = reaction.record; k-- > i + 1;) {
      const SegmentRecord& copy = trace_.records[k];
      if (copy.side != trace_.records[i].side || (observations_.records[k].triggers & trial.trigger) == 0)
        continue;
      const TimeNs after = reaction.time_ns - copy.frame.time_ns;
      if (after >= shortest(rtt)) return Cost{0};
      return after >= rtt / 2 ? std::optional(kEarly) : std::nullopt;
    }
    return std::nullopt;
  }

  // The SYN-ACK echoes the timestamp of the SYN that opened (RFC 7323 4.3): it decides among repeats.
  void weigh_echo(std::size_t i, std::size_t syn_ack) {
    const SegmentRecord& syn = trace_.records[i];
    const SegmentRecord& answer = trace_.records[syn_ack];
    if (!syn.has_timestamps || !answer.has_timestamps || answer.ts_ecr == 0) return;
    Observation& m = observations_.records[i];
    if (answer.ts_ecr == syn.ts_val) {
      m.deliver_cost = 0;
      m.miss_cost = kCertain;
    } else {
      m.deliver_cost = kAnotherTaken;
      m.miss_cost = 0;
    }
  }

  // Two FINs passed, and the answer to the second reports it as a duplicate: the first had arrived.
  bool repeated_and_dsacked(std::size_t i, Side receiver, StreamOffset fin_end) const {
    std::size_t copies = 0;
    for (std::size_t k = i; k < trace_.records.size(); ++k) {
      const SegmentRecord& r = trace_.records[k];
      if (r.side != receiver) {
        copies += (observations_.records[k].triggers & kGotFin) != 0;
      } else if (dsacks_fin(trace_, r, other(receiver), fin_end)) {
        return copies == 2;
      }
    }
    return false;
  }

  // The reaction echoes this copy's timestamp, not that of the later one that drew it. What answers a repeat
  // from beyond its place (TIME-WAIT, a challenge ACK) keeps the TS.Recent of the copy that was taken (RFC
  // 7323 4.3; Linux does not renew it then).
  bool echoed_though_repeated(std::size_t i, std::size_t reaction, const Trial& trial) const {
    const SegmentRecord& r = trace_.records[i];
    if (reaction == kNowhere || !r.has(trial.trigger == kGotFin ? kFin : kSyn) || !r.has_timestamps ||
        !trace_.records[reaction].has_timestamps)
      return false;
    return trace_.records[reaction].ts_ecr == r.ts_val;
  }

  const FlowTrace& trace_;
  Observations& observations_;
  TimeNs capture_end_ns_;
};

}  // namespace

void weigh_expected_replies(const FlowTrace& trace, Observations& observations, TimeNs capture_end_ns) {
  if (trace.one_sided() || trace.self_connection) return;
  Weigher weigher(trace, observations, capture_end_ns);
  for (std::size_t i = 0; i < trace.records.size(); ++i) weigher.weigh(i);
  weigher.weigh_dead_path(Side::A);
  weigher.weigh_dead_path(Side::B);
  weigher.weigh_lost_syn_acks(Side::A);
  weigher.weigh_lost_syn_acks(Side::B);
  for (std::size_t i = 0; i < trace.records.size(); ++i)
    if (observations.records[i].bare_rst && observations.records[i].constrains) weigher.weigh_refusal(i);
}

}  // namespace tcpautopsy

#include "analyzer/transfer/ecn_marks.h"

#include <algorithm>
#include <utility>

namespace tcpautopsy {
namespace {

constexpr std::uint8_t kCongestionExperienced = 3;  // RFC 3168 5
constexpr std::uint16_t kEcnFlags = kAe | kCwr | kEce;
// With fewer segments in a round trip a reduction cannot be told: two may always be under way (RFC 5681 3.1).
constexpr std::uint32_t kFewestJudged = 4;

// RFC 9768 3.2: the three flags are a counter of marked packets.
std::uint8_t counter_of(const PlacedSegment& s) {
  return static_cast<std::uint8_t>((s.has(kAe) ? 4 : 0) | (s.has(kCwr) ? 2 : 0) | (s.has(kEce) ? 1 : 0));
}

TimeNs round_trip(const PlacedSegment& s) {
  return s.rtt_sender_ns < 0 || s.rtt_receiver_ns < 0 ? -1 : s.rtt_sender_ns + s.rtt_receiver_ns;
}

}  // namespace

EcnMarks::Direction& EcnMarks::of(Side side) {
  auto& direction = directions_[index(side)];
  if (!direction) direction = std::make_unique<Direction>();
  return *direction;
}

void EcnMarks::open(const PlacedSegment& s) {
  const std::uint16_t flags = s.segment.flags & kEcnFlags;
  if (!s.has(kAck)) {
    syn_flags_ = flags;
    syn_seen_ = true;
    return;
  }
  const bool asked = !syn_seen_ || (syn_flags_ & (kCwr | kEce)) == (kCwr | kEce);
  const bool asked_accurate = !syn_seen_ || syn_flags_ == kEcnFlags;
  // RFC 9768 table 2: the SYN-ACK tells how its SYN arrived; ECE alone is an end that knows RFC 3168 only.
  if (asked && flags == kEce) {
    mode_ = EcnMode::Classic;
  } else if (asked_accurate &&
             (flags == kCwr || flags == (kCwr | kEce) || flags == kAe || flags == (kAe | kCwr))) {
    mode_ = EcnMode::Accurate;
  } else {
    mode_ = EcnMode::Off;
  }
}

void EcnMarks::add(const PlacedSegment& s, const Views& views) {
  if (s.has(kSyn)) return open(s);
  // Plain: no ECN, and none on this connection so far.
  if ((s.segment.flags & kEcnFlags) == 0 && s.segment.ecn == 0 && !any()) return;
  if (s.segment.ecn == kCongestionExperienced) of(s.side).facts.marked.add(s.frame);
  if (s.has(kRst)) return;
  const SenderView& peer = views.peer;
  // The counter starts at 5, which is AE and ECE; RFC 3540, which once used the bit, is historic.
  if (mode_ == EcnMode::Unknown && s.has(kAe)) mode_ = EcnMode::Accurate;
  if (mode_ == EcnMode::Accurate) {
    step(s, peer);
  } else if (mode_ != EcnMode::Off) {
    echo(s, peer);
    if (s.has(kCwr)) of(s.side).facts.reductions.add(s.frame);
  }
  if (s.has_data() && s.segment.ecn != 0) sent(s);
}

// RFC 3168 6.1.3: ECE on every ACK until CWR comes.
void EcnMarks::echo(const PlacedSegment& s, const SenderView& data_sender) {
  auto& existing = directions_[index(other(s.side))];
  if (!s.has(kEce)) {
    if (existing) existing->echoing = false;
    return;
  }
  Direction& direction = of(other(s.side));
  ++direction.facts.echo_segments;
  if (std::exchange(direction.echoing, true)) return;
  direction.facts.echoes.add(s.frame);
  judge(s, data_sender, direction.pace);
}

void EcnMarks::step(const PlacedSegment& s, const SenderView& data_sender) {
  // An ACK that comes out of order has an older count.
  if (!s.has(kAck) || s.standing.retransmission || (data_sender.acked && s.ack < data_sender.snd_una)) return;
  Direction& direction = of(other(s.side));
  const std::uint8_t counter = counter_of(s);
  const auto marks = static_cast<std::uint8_t>((counter - direction.counter) & 7U);
  direction.counter = counter;
  // The first ACK of the handshake tells of the SYN-ACK instead (RFC 9768 3.2.2.1): no count to start from.
  if (direction.counters < 2) {
    ++direction.counters;
    return;
  }
  if (marks == 0) return;
  direction.facts.echoed_marks += marks;
  direction.facts.echoes.add(s.frame);
  judge(s, data_sender, direction.pace);
}

void EcnMarks::judge(const PlacedSegment& s, const SenderView& data_sender, Pace& pace) {
  const TimeNs rtt = round_trip(s);
  if (pace.judging || rtt <= 0) return;
  pace.before_bytes = std::max(pace.epoch_bytes, pace.last_epoch_bytes);
  if (pace.before_bytes < std::uint64_t{kFewestJudged} * data_sender.full_size()) return;
  // What answers the echo passes a round trip to the data's sender later; one more, and the reduction is
  // complete.
  pace.judged_from_ns = s.time_ns() + s.rtt_receiver_ns + rtt;
  pace.judging = true;
}

// Epochs of a round trip begin with a segment: a sender that sends in bursts has each burst in one of them.
void EcnMarks::sent(const PlacedSegment& s) {
  Direction& direction = of(s.side);
  Pace& pace = direction.pace;
  const TimeNs now = s.time_ns(), rtt = round_trip(s);
  if (rtt <= 0) return;
  if (now - pace.epoch_ns >= rtt) {
    const bool paused = now - pace.epoch_ns >= 2 * rtt;
    if (pace.judging && pace.epoch_ns >= pace.judged_from_ns) {
      pace.judging = false;
      // Of a sender that paused it is not known what it might have sent.
      const bool less = pace.epoch_bytes * 10 <= pace.before_bytes * 9;
      if (!paused) ++(less ? direction.facts.slowed : direction.facts.not_slowed);
    }
    pace.last_epoch_bytes = paused ? 0 : pace.epoch_bytes;
    pace.epoch_bytes = 0;
    pace.epoch_ns = now;
  }
  pace.epoch_bytes += s.segment.payload_length;
}

void EcnMarks::finish(PerSide<MarkResults>& facts) {
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    if (directions_[i]) facts[i].ecn = std::move(directions_[i]->facts);
    facts[i].ecn.mode = mode_;
  }
}

}  // namespace tcpautopsy

#include "analyzer/transfer/turns.h"

#include <algorithm>
#include <utility>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr TimeNs kSilence = kSecond / 2;  // what is sent after less goes on with what was sent before
constexpr std::uint32_t kIntervals = 8;
constexpr double kFarLess = 4;  // of variances: half the standard deviation
constexpr std::uint64_t kHeartbeats = 5;

// Both ends send messages of one and the same size, and neither as soon as the other's has come.
bool beat(const TurnResults& turns) {
  const auto slow = [](const LogSketch& waits) { return waits.median() >= kSecond; };
  const auto alike = [&](const LogSketch& sizes) {
    return sizes.count() >= kHeartbeats && sizes.least() == sizes.greatest();
  };
  return alike(turns.write_sizes[0]) && alike(turns.write_sizes[1]) &&
         turns.write_sizes[0].least() == turns.write_sizes[1].least() && slow(turns.waits[0]) &&
         slow(turns.waits[1]);
}

}  // namespace

// Welford's sums.
void Turns::Spread::add(TimeNs value) {
  const double seconds = static_cast<double>(value) / kSecond;
  const double off = seconds - mean;
  ++count;
  mean += off / count;
  squares += off * (seconds - mean);
}

void Turns::Pace::sent(TimeNs time_ns) {
  if (!begun || time_ns - last_ns >= kSilence) {
    if (begun) intervals.add(time_ns - began_ns);
    began_ns = time_ns;
    begun = true;
  }
  last_ns = time_ns;
}

// Answers come a wait after each request, so their intervals differ by as much as the waits, and by as much
// as the requests' besides.
bool Turns::Pace::its_own() const {
  return intervals.count >= kIntervals && waits.count >= kIntervals &&
         intervals.variance() * kFarLess < waits.variance();
}

void Turns::end_turn() {
  const std::size_t side = index(now_.side);
  if (now_.writes > 1) ++facts_.several_writes[side];
  if (now_.overlaps) ++facts_.overlapping[side];
  if (facts_.first.size() < TurnResults::kTurnsKept) facts_.first.push_back(now_);
}

void Turns::begin(const PlacedSegment& segment, const SenderView& peer) {
  Turn turn;
  turn.first = segment.frame;
  turn.side = segment.side;
  turn.change_cipher_spec = segment.segment.change_cipher_spec;
  if (speaking_) {
    // Its ACK field tells what had reached the sender when it spoke.
    turn.overlaps = !segment.has(kAck) || segment.ack < peer.snd_nxt;
    turn.wait_ns = segment.time_ns() - now_.last_ns;
    turn.retransmitted = sent_again_;
    if (!turn.overlaps) {
      facts_.waits[index(segment.side)].add(turn.wait_ns);
      paces_[index(segment.side)].waits.add(turn.wait_ns);
    }
    end_turn();
  }
  now_ = turn;
  end_ = segment.seq;
  sent_again_ = false;
  speaking_ = true;
  ++facts_.turns[index(segment.side)];
}

// The answer to what was lost can come no sooner than a round trip after it was sent again.
void Turns::retransmitted(const PlacedSegment& segment, const SenderView& sender) {
  if (!speaking_ || now_.side != segment.side || segment.end() < sender.snd_nxt || sender.in_flight() == 0)
    return;
  now_.last_ns = segment.time_ns();
  sent_again_ = true;
}

void Turns::acknowledged(const PlacedSegment& segment) {
  if (now_.acked_ns < 0 && segment.has(kAck) && segment.ack >= end_) now_.acked_ns = segment.time_ns();
}

void Turns::add(const PlacedSegment& segment, const Views& views) {
  if (segment.has(kRst)) return;
  if (speaking_ && now_.side != segment.side) acknowledged(segment);
  if (!segment.has_data()) return;
  const std::size_t side = index(segment.side);
  if (segment.new_bytes == 0) return retransmitted(segment, views.own);
  const bool late = segment.standing.fills_gap && speaking_;  // of an earlier turn, perhaps
  if (!late && (!speaking_ || now_.side != segment.side)) begin(segment, views.peer);
  if (!late) paces_[side].sent(segment.time_ns());
  facts_.bytes[side] += segment.new_bytes;
  write_[side] += segment.new_bytes;
  const bool whole = (segment.segment.flags & (kPsh | kFin)) != 0;
  if (whole) {
    facts_.write_sizes[side].add(static_cast<TimeNs>(write_[side]));
    write_[side] = 0;
  }
  if (now_.side != segment.side) return;
  if (now_.bytes > 0) now_.pause_ns = std::max(now_.pause_ns, segment.time_ns() - now_.last_ns);
  now_.bytes += segment.new_bytes;
  now_.last_ns = segment.time_ns();
  now_.acked_ns = -1;
  end_ = std::max(end_, segment.data_end());
  if (whole) ++now_.writes;
}

void Turns::finish(const PerSide<SenderView>&, TimeNs, TransferResults& facts) {
  if (speaking_) {
    end_turn();
    facts_.last = now_;
  }
  const bool heartbeats = beat(facts_);
  for (const Side side : {Side::A, Side::B})
    facts_.own_pace[index(side)] = heartbeats || paces_[index(side)].its_own();
  facts.turns = std::move(facts_);
}

}  // namespace tcpautopsy

#include "analyzer/compat/compat_trackers.h"

#include "analyzer/decode/stand_in_payload.h"

namespace tcpautopsy {
namespace {

// Zeek gives a stream up at 10 MB without acknowledgment: what waits must stay well below.
constexpr std::uint32_t kLongestRun = 1 << 16;

}  // namespace

void CompatTrackers::tell(const TcpSegment& segment, Side side) {
  zeek_->add(segment, side == Side::A);
  completeness_.add(segment);
}

void CompatTrackers::add(const TcpSegment& segment, Side side) {
  if (!zeek_) return;
  catch_up();
  tell(segment, side);
  const bool told =
      !segment.options.cut && !segment.beyond_frame && (segment.flags & (kSyn | kFin | kRst | kAck)) == kAck;
  // Each acknowledgment of octets that were not captured is told apart from then on: Zeek counts them.
  cut_ = cut_ || !segment.payload_whole();
  if (!told) return;
  Run& run = runs_[index(side)];
  (segment.payload_length > 0 ? run.data_told : run.ack_told) = true;
  run.ack = segment.ack;
}

void CompatTrackers::carry_on(const TcpSegment& segment, Side side) {
  if (!zeek_) return;
  Run& run = runs_[index(side)];
  const bool whole = segment.payload_whole() && !segment.options.cut && !segment.beyond_frame;
  // What stands for the run must add no letter that a segment of it would not have added itself.
  const bool told = segment.payload_length > 0 ? run.data_told : run.ack_told;
  if (cut_ || !whole || !told || run.octets + segment.payload_length > kLongestRun) {
    return add(segment, side);
  }
  if (!run.waiting) {
    run.source = segment.source;
    run.destination = segment.destination;
    run.begin = segment.seq;
    run.ack_before = run.ack;
    run.octets = 0;
    run.waiting = true;
  }
  run.octets += segment.payload_length;
  run.ack = segment.ack;
}

TcpSegment CompatTrackers::as_segment(const Run& run, std::uint32_t octets, Seq ack) {
  TcpSegment s;
  s.source = run.source;
  s.destination = run.destination;
  s.flags = kAck;
  s.window = 1;
  s.ack = ack;
  s.seq = octets > 0 ? run.begin : run.begin + run.octets;
  s.payload_length = octets;
  s.payload = stand_in_payload(octets);
  s.checksum = Checksum::Good;
  return s;
}

// All data before any of the acknowledgments, so that none acknowledges what was not told yet. Of a side that
// never sent an acknowledgment alone it waits for the next segment of its own.
void CompatTrackers::catch_up() {
  if (!runs_[0].waiting && !runs_[1].waiting) return;
  for (const Side side : {Side::A, Side::B}) {
    const Run& run = runs_[index(side)];
    if (run.waiting && run.octets > 0) tell(as_segment(run, run.octets, run.ack_before), side);
  }
  for (const Side side : {Side::A, Side::B}) {
    Run& run = runs_[index(side)];
    if (run.waiting && run.ack_told) tell(as_segment(run, 0, run.ack), side);
    run.waiting = false;
    run.octets = 0;
  }
}

PeerWords CompatTrackers::words() {
  if (!zeek_) return {};
  catch_up();
  return {zeek_->conn_state(), zeek_->history(), completeness_.value()};
}

}  // namespace tcpautopsy

#include "analyzer/reassembly/reassembly.h"

#include "analyzer/reassembly/reassembly_direction.h"

namespace tcpautopsy {

std::string_view name(GapReason reason) {
  switch (reason) {
    case GapReason::NotCaptured: return "not_captured";
    case GapReason::SnapLength: return "snap_length";
    case GapReason::GivenUp: return "given_up";
  }
  return "";
}

StreamReassembly::StreamReassembly(const ReassemblyOptions& options, StreamListener& listener)
    : directions_{std::make_unique<DirectionReassembly>(Side::A, options, listener),
                  std::make_unique<DirectionReassembly>(Side::B, options, listener)} {}
StreamReassembly::~StreamReassembly() = default;
StreamReassembly::StreamReassembly(StreamReassembly&&) noexcept = default;

void StreamReassembly::add(const TcpSegment& segment, const FrameRef& frame, Side sender) {
  // A self-connection acknowledges its own stream.
  const bool self = segment.source == segment.destination;
  DirectionReassembly& own = *directions_[index(sender)];
  DirectionReassembly& peer = self ? own : *directions_[index(other(sender))];
  if (segment.has(kRst)) {
    // Whether it was taken, only what comes after it can tell.
    own.sent_reset(segment, frame);
    peer.met_reset();
    return;
  }
  if (segment.has(kAck) && own.intact(segment)) peer.acknowledged(segment, frame);
  own.sent(segment, frame);
}

void StreamReassembly::finish() {
  for (const auto& direction : directions_) direction->finish();
}

const StreamSummary& StreamReassembly::summary(Side sender) const {
  return directions_[index(sender)]->summary();
}

std::size_t StreamReassembly::held() const { return directions_[0]->held() + directions_[1]->held(); }

}  // namespace tcpautopsy

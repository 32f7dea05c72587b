#include "analyzer/flow/completeness.h"

namespace tcpautopsy {

namespace {

// Wireshark looks at a conversation's first segment only for a SYN: one that opens in midstream has no bits for it.
std::uint8_t stages_of_first(const TcpSegment& segment) {
  if (!segment.has(kSyn) || segment.has(kAck)) return 0;
  return segment.payload_length > 0 ? Completeness::kHasSyn | Completeness::kHasData : Completeness::kHasSyn;
}

// A bare FIN or data without ACK does not count, and data counts as no acknowledgment.
std::uint8_t stages_of_later(const TcpSegment& segment) {
  unsigned stages = 0;
  if (segment.has(kSyn | kAck)) stages |= Completeness::kHasSynAck;
  if (segment.has(kAck) && !segment.has(kSyn))
    stages |= segment.payload_length > 0 ? Completeness::kHasData : Completeness::kHasAck;
  if (segment.has(kFin | kAck)) stages |= Completeness::kHasFin;
  if (segment.has(kRst)) stages |= Completeness::kHasRst;
  return static_cast<std::uint8_t>(stages);
}

}  // namespace

void Completeness::add(const TcpSegment& segment) {
  bits_ |= begun_ ? stages_of_later(segment) : stages_of_first(segment);
  begun_ = true;
}

}  // namespace tcpautopsy

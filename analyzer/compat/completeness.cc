#include "analyzer/compat/completeness.h"

namespace tcpautopsy {

namespace {

std::uint8_t stages_of_opening(const TcpSegment& segment) {
  if (!segment.has(kSyn) || segment.has(kAck)) return 0;
  return segment.payload_length > 0 ? Completeness::kHasSyn | Completeness::kHasData : Completeness::kHasSyn;
}

// A bare FIN or data without ACK does not count, and a segment with data counts as no acknowledgment.
std::uint8_t stages(const TcpSegment& segment) {
  unsigned bits = 0;
  if (segment.has(kSyn | kAck)) bits |= Completeness::kHasSynAck;
  if (segment.has(kAck) && !segment.has(kSyn))
    bits |= segment.payload_length > 0 ? Completeness::kHasData : Completeness::kHasAck;
  if (segment.has(kFin | kAck)) bits |= Completeness::kHasFin;
  if (segment.has(kRst)) bits |= Completeness::kHasRst;
  return static_cast<std::uint8_t>(bits);
}

}  // namespace

void Completeness::add(const TcpSegment& segment) {
  if (begun_) {
    bits_ |= stages(segment);
    goes_on_ = true;
  } else {
    bits_ = stages_of_opening(segment);
    of_first_ = stages(segment);
    begun_ = true;
  }
}

// Wireshark looks at a conversation's first segment for a SYN alone, and for the rest only when it dissects
// it again; what it has learnt then shows from the second segment on.
std::uint8_t Completeness::value() const {
  return goes_on_ ? static_cast<std::uint8_t>(bits_ | of_first_) : bits_;
}

}  // namespace tcpautopsy

#include "analyzer/compat/zeek_endpoint.h"

#include <algorithm>

namespace tcpautopsy {

namespace {

// Beyond this a SYN's, a RST's or an ACK's number is taken for garbage (Zeek's TOO_LARGE_SEQ_DELTA).
constexpr std::int32_t kTooFar = 1 << 20;

std::int32_t distance(std::uint32_t from, std::uint32_t to) { return static_cast<std::int32_t>(to - from); }

}  // namespace

std::uint32_t zeek_length(const TcpSegment& segment) {
  return segment.sequence_length() - (segment.has(kRst) ? segment.payload_length : 0U);
}

void ZeekEndpoint::start_at(std::uint32_t number, std::uint32_t next) {
  start_ = acked_.number = number;
  sent_.number = next;
}

void ZeekEndpoint::begin(const TcpSegment& segment) {
  const std::uint32_t seq = segment.seq.raw();
  const std::uint32_t next = seq + zeek_length(segment);
  switch (state) {
    case ZeekState::Inactive:
      // Without a SYN the numbering is as though one had been there; the segment itself must not look
      // repeated.
      if (segment.has(kSyn))
        start_at(seq, next);
      else
        start_at(seq - 1, seq);
      break;
    case ZeekState::SynSent:
    case ZeekState::SynAckSent:
      if (segment.has(kSyn) && seq != start_) start_at(seq, next);
      break;
    case ZeekState::Established:
    case ZeekState::Partial:
      if (segment.has(kSyn)) start_at(seq, next);
      break;
    case ZeekState::Reset:
      // The RST that opened may have been forged.
      if (segment.has(kSyn) && previous_state == ZeekState::Inactive) start_at(seq, next);
      break;
    case ZeekState::Closed: break;
  }
}

void ZeekEndpoint::begin_by_ack(std::uint32_t ack) { start_at(ack - 1, ack - 1); }

ZeekRelative ZeekEndpoint::relative(std::uint32_t number, const ZeekPosition& last) const {
  std::uint32_t wraps = last.wraps;
  const std::int32_t moved = distance(last.number, number);
  if (moved < 0 && wraps > 0 && number > last.number) --wraps;
  if (moved > 0 && number < last.number) ++wraps;
  if (wraps > 0) return {ZeekPosition{number, wraps}.full() - start_, false};
  const std::int64_t offset = distance(start_, number);
  return {static_cast<std::uint64_t>(offset), offset < 0};
}

bool ZeekEndpoint::note_sent(const TcpSegment& segment) {
  const std::uint32_t next = segment.seq.raw() + zeek_length(segment);
  const std::int32_t moved = distance(sent_.number, next);
  if ((segment.has(kSyn) || segment.has(kRst)) && (moved > kTooFar || moved < -kTooFar)) return false;
  // A FIN counts even if it seems to lie back: of a connection beyond 2 GB only SYN and FIN may have been
  // captured.
  if (segment.has(kFin) && sent_.number == start_ + 1) {
    sent_.advance(next);
    return false;
  }
  if (state == ZeekState::Reset) return false;
  if (moved > 0) sent_.advance(next);
  return moved <= 0 && segment.payload_length > 0;
}

void ZeekEndpoint::note_acked(std::uint32_t ack) {
  const std::int32_t moved = distance(acked_.number, ack);
  const bool broken = ack == 0 && moved > kTooFar;
  if (moved > 0 && !broken) acked_.advance(ack);
}

bool ZeekEndpoint::nothing_acked() const {
  return acked_.full() == start_ || acked_.full() == std::uint64_t{start_} + 1;
}

void ZeekEndpoint::add_data(std::uint64_t position, std::uint32_t length) {
  reassembly_.add(position, length, acked_.full() - start_, nothing_acked());
}

unsigned ZeekEndpoint::acknowledge(std::uint64_t position, bool partial_connection) {
  if (fin_seen_ && position >= fin_end_) position = fin_end_ - 1;
  return reassembly_.acknowledge(position, partial_connection);
}

std::uint64_t ZeekEndpoint::size() const {
  std::uint64_t octets = std::max(sent_.full(), acked_.full()) - start_;
  if (octets > 0) --octets;               // SYN
  if (octets > 0 && fin_seen_) --octets;  // FIN
  return octets;
}

}  // namespace tcpautopsy

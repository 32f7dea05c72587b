// What stands for a payload of which only the length matters.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

// Octets to put in the place of a payload that was captured whole.
inline Bytes stand_in_payload(std::uint32_t length) {
  static constexpr std::array<std::uint8_t, TcpSegment::kEnough> kZeros{};
  return Bytes(kZeros).first(std::min(length, TcpSegment::kEnough));
}

// For a segment that outlives its frame: whether its payload was captured whole is all that is kept of it.
inline void let_go_of_payload(TcpSegment& segment) {
  segment.payload = segment.payload_whole() ? stand_in_payload(segment.payload_length) : Bytes();
}

}  // namespace tcpautopsy

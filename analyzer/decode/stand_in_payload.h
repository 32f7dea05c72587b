// What stands for a payload of which only the length matters.
#pragma once

#include <array>
#include <cstdint>

#include "analyzer/capture/frame.h"

namespace tcpautopsy {

constexpr std::size_t kLongestStandIn = 1 << 16;  // octets

// Octets to put in the place of a payload; none for a length beyond kLongestStandIn.
inline Bytes stand_in_payload(std::uint32_t length) {
  static constexpr std::array<std::uint8_t, kLongestStandIn> kZeros{};
  return length <= kLongestStandIn ? Bytes(kZeros).first(length) : Bytes();
}

}  // namespace tcpautopsy

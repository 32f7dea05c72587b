// What became of a segment after the capture point.
#pragma once

#include <cstdint>

namespace tcpautopsy {

enum class Fate : std::uint8_t { Unknown, Received, LostAfterTap };

}  // namespace tcpautopsy

// Timestamps of the TCP option (RFC 7323 3.2), which wrap as sequence numbers do.
#pragma once

#include <cstdint>

namespace tcpautopsy {

// By how many ticks `a` is later than `b`; negative if it is earlier.
constexpr std::int32_t ahead(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b); }

}  // namespace tcpautopsy

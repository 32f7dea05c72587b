// What a time in a capture can mean.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tcpautopsy {

// Nanoseconds since the epoch that classic pcap can tell: 1970 to February 2106. The readers of every format
// clamp to these, and count: so the difference of any two times, and the sum of two such, fit 63 bits.
constexpr std::int64_t kEarliestTime = 0;
constexpr std::int64_t kLatestTime = (std::int64_t{1} << 32) * 1'000'000'000 - 1;

constexpr std::int64_t possible_time(std::int64_t ns) { return std::clamp(ns, kEarliestTime, kLatestTime); }

}  // namespace tcpautopsy

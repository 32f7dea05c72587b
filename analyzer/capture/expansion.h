// How far compressed input may expand: a few hundred octets can claim to be terabytes.
#pragma once

#include <cstdint>

namespace tcpautopsy {

// Repeated packets come to some hundred times their compressed size, zeros in gzip to a thousand.
constexpr std::uint64_t kUsualExpansion = 2000;

// Whether `out` octets are more than `times` the `taken` of the file that they came from; what is below
// 64 MiB is free.
bool expands_too_far(std::uint64_t out, std::uint64_t taken, std::uint64_t times);

}  // namespace tcpautopsy

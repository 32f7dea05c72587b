// How far compressed input may expand: a few hundred octets can claim to be terabytes.
#pragma once

#include <cstdint>

namespace tcpautopsy {

// Repeated packets come to some hundred times their compressed size, zeros in gzip to a thousand.
constexpr std::uint64_t kUsualExpansion = 2000;

// Reading ends where what came out exceeds `times` what was taken from the file; what is below 64 MiB is
// free. For all readers of the process, to be set before they begin.
void set_most_expansion(std::uint64_t times);

// `out` octets came from `taken` of the file.
bool expands_too_far(std::uint64_t out, std::uint64_t taken);
std::uint64_t most_expansion();

}  // namespace tcpautopsy

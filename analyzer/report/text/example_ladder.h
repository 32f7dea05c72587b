// A detector's example as a ladder: its script (tests/scripts/README.md) drawn packet by packet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tcpautopsy {

// `id`: the finding whose frames are marked. No line is wider than `width`, or 60 columns.
std::vector<std::string> example_ladder(std::string_view script, std::string_view id, std::size_t width);

}  // namespace tcpautopsy

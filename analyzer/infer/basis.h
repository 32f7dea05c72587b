// How a change of state is known, in contract.md's words.
#pragma once

#include <cstdint>
#include <string_view>

namespace tcpautopsy {

enum class Basis : std::uint8_t { Observed, Confirmed, Inferred, Timer };  // contract.md
std::string_view name(Basis basis);

}  // namespace tcpautopsy

// The two ends of a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tcpautopsy {

// By who sent the first captured segment of this incarnation. Who is client is FlowTrace::client.
// Of bool, so that an index made of it is known to be 0 or 1: no check of a PerSide remains.
enum class Side : bool { A = false, B = true };
constexpr Side other(Side side) { return static_cast<Side>(side == Side::A); }
constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }
template <class T>
using PerSide = std::array<T, 2>;  // indexed by index(side)

}  // namespace tcpautopsy

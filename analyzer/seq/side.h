// The two ends of a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tcpautopsy {

// By who sent the first captured segment of this incarnation. Who is client is FlowTrace::client.
enum class Side : std::uint8_t { A = 0, B = 1 };
constexpr Side other(Side side) { return static_cast<Side>(static_cast<std::uint8_t>(side) ^ 1U); }
constexpr std::size_t index(Side side) { return static_cast<std::size_t>(side); }
template <class T>
using PerSide = std::array<T, 2>;  // indexed by index(side)

}  // namespace tcpautopsy

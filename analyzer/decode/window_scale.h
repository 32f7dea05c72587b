// How far the windows of one end are shifted.
#pragma once

#include <algorithm>

namespace tcpautopsy {

// RFC 7323 2.2: windows are scaled if both SYNs said so; 2.3: a shift above 14 counts as 14. Options are
// those of the SYNs, of any type that names them so.
template <class Options>
constexpr unsigned window_shift(const Options& own, const Options& peer) {
  if (!own.has_window_scale || !peer.has_window_scale) return 0;
  return std::min<unsigned>(own.window_scale, 14);
}

}  // namespace tcpautopsy

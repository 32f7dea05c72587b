// How far the windows of one end are shifted, and whether that is known.
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

// Whether `own` scales its windows. Both SYNs tell, whole; one alone where it offers no scale. An end has
// `syn_seen` and its `syn_options`.
template <class End>
constexpr bool window_scale_known(const End& own, const End& peer) {
  const auto offers = [](const End& end) { return end.syn_seen && end.syn_options.has_window_scale; };
  const auto lacks = [](const End& end) {
    return end.syn_seen && !end.syn_options.has_window_scale && !end.syn_options.cut;
  };
  return (offers(own) && offers(peer)) || lacks(own) || lacks(peer);
}

}  // namespace tcpautopsy

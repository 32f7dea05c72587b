// What Windows found of one end.
#pragma once

#include <cstdint>

#include "analyzer/stream/incidents.h"

namespace tcpautopsy {

struct WindowFacts {
  // Of the window it advertises. An incident lasts from the ACK that closes it to the segment that opens it.
  Incidents zero_windows;                  // all
  Incidents zero_window_stalls;            // those that held back data of the peer
  std::uint64_t zero_window_segments = 0;  // segments that advertise 0: counts.zero_windows

  // Of what it sends into the peer's window.
  Incidents window_probes;
};

}  // namespace tcpautopsy

// What Windows found of one end.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/transfer/incidents.h"

namespace tcpautopsy {

// How far the window that an end advertises held its peer's sending back.
struct WindowLimitFacts {
  std::uint64_t bytes = 0;            // the peer sent to it, each octet once
  TimeNs sending_ns = 0;              // the peer had something under way, zero windows left out
  TimeNs limited_ns = 0;              // of that, it had filled the window to within a full segment
  std::uint32_t smallest_window = 0;  // of the windows it filled
  std::uint32_t largest_window = 0;
};

struct WindowResults {
  // Of the window it advertises. An incident lasts from the ACK that closes it to the segment that opens it.
  Incidents zero_windows;                  // all
  Incidents zero_window_stalls;            // those that held back data of the peer
  std::uint64_t zero_window_segments = 0;  // segments that advertise 0: counts.zero_windows
  std::uint64_t stalls_probed = 0;         // stalls in which the peer probed, which shows that it had data
  std::uint64_t stalls_resumed = 0;        // and those after which it sent as soon as the window opened
  // Segments that opened the window again and never reached the peer: it went on probing, until it sent data.
  Incidents openings_unheard;
  bool closed_at_end = false;  // still closed after the last segment, and neither end reset
  FrameRef closed_by;          // since when; meaningful with closed_at_end or given_up_by
  // The RST by which the peer, with data to send, ended the connection while the window was closed.
  std::optional<FrameRef> given_up_by;
  std::uint64_t probes_unanswered = 0;  // of the peer's into this window, since this end was last heard
  FrameRef last_unanswered;
  TimeNs last_step_ns = 0;  // between the last two of them, 0 where there is but one

  Incidents silly_steps;             // RFC 9293 3.8.6.2.2: the edge moved on by less than it should
  std::uint64_t silly_segments = 0;  // small ones that filled such a step
  std::uint32_t smallest_step = 0;
  std::uint32_t full_size = 0;  // of the peer's segments, to compare with

  // The peer's waits at the edge that the window has without its scale, where it never goes beyond: from the
  // segment that reached it to the next. None where it goes by another edge.
  Incidents unscaled_stops;
  std::uint16_t window_first = 0;   // of those, as sent; with unscaled_stops
  std::uint16_t window_of_syn = 0;  // 0 if it was not captured

  WindowLimitFacts limit;
  Incidents limited;  // the waits at the edge

  // Of what it sends into the peer's window.
  Incidents window_probes;
  Incidents beyond_window;           // data past every edge that the peer offered
  std::uint64_t beyond_octets = 0;   // the most by which one did
  std::uint64_t beyond_refused = 0;  // those that the peer's next ACK left unacknowledged
  std::uint64_t beyond_taken = 0;    // those of which it acknowledged or SACKed octets past that edge
  bool beyond_with_gaps = false;     // the capture lacks segments: a wider offer may be among them
};

}  // namespace tcpautopsy

// Random connections whose truth is known: two endpoints, a bad path between them, and a capture point
// somewhere on it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/infer/tcp_state.h"
#include "tests/support/conclude.h"

namespace tcpautopsy::sim {

// How bad the path and the capture may be. The worse, the less can be concluded.
struct Weather {
  bool loss = true;  // before and after the capture point
  bool reorder_after_tap = true;
  bool reorder_before_tap = false;
  bool duplicate = true;             // by the network
  bool capture_loss = false;         // the capture misses some segments
  bool capture_starts_late = false;  // in the middle of the connection
  bool one_sided = false;            // only one direction is captured
  bool other_stacks = false;         // ends that are no Linux
  bool middlebox = false;            // one that forges a RST, or drops everything after a time
  bool meddling = false;             // one that takes options out, rewrites numbers, or answers SYNs itself
  bool doubled = false;              // each packet captured twice
};

struct Run {
  std::vector<Captured> captured;  // A is 10.0.0.1:40000
  // Of each captured segment: its sender's state, once it was sent. None for the second copy of one sending.
  std::vector<std::optional<TcpState>> sender_state;
  // At capture_end_ns. None where the change to it was silent, or its segment never came to the capture
  // point.
  PerSide<std::optional<TcpState>> final_state;
  TimeNs capture_end_ns = 0;
};

// The same seed and weather give the same run.
Run simulate(std::uint64_t seed, const Weather& weather);

}  // namespace tcpautopsy::sim

// How the tool's time and memory grow with what a capture holds.
#pragma once

#include "tests/bench/measure.h"

namespace tcpautopsy::bench {

// Prints a table for each of: packets, connections, incarnations of the same ports, packets of a live
// connection.
void growth(const Settings& settings);

}  // namespace tcpautopsy::bench

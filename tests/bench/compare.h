// What the tool takes beside a bare loop over the same packets, and beside other analysers.
#pragma once

#include "tests/bench/measure.h"

namespace tcpautopsy::bench {

// Prints two tables: processor time as a multiple of the loop's, and peak memory.
void compare(const Settings& settings);

}  // namespace tcpautopsy::bench

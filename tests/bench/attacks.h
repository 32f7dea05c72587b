// Traffic made to cost much: what it takes beside ordinary traffic of as many packets.
#pragma once

#include "tests/bench/measure.h"

namespace tcpautopsy::bench {

// Prints a table, a row an attack: time and memory beside ordinary captures of as many packets, and how the
// time a packet grows from a quarter of them. At scale 1 a capture has a million packets.
void attacks(const Settings& settings);

}  // namespace tcpautopsy::bench

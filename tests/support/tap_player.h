// Plays a script: gives each line the fields of a real segment, at a chosen initial sequence number.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/conclude.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

struct Playback {
  std::vector<Captured> captured;     // frames count from 1
  std::vector<std::size_t> event_of;  // the script's event behind each captured frame
  std::vector<PerSide<Seq>> isns;     // of each incarnation
  TimeNs capture_end_ns = 0;
};

// Both sides begin at `isn`; `seed` serves the ISNs that `reuse` leaves open. Marks other than !unseen and
// !badsum change only what later segments echo: the analysis never sees them.
Playback play(const Script& script, std::uint32_t isn, std::uint32_t seed);

}  // namespace tcpautopsy::tap

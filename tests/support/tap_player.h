// Plays a script: gives each line the fields of a real segment, at a chosen initial sequence number.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/conclude.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

struct Playback {
  static constexpr std::size_t kOfBlock = ~std::size_t{0};

  std::vector<Captured> captured;     // frames count from 1
  std::vector<std::size_t> event_of;  // the script's event behind each captured frame; kOfBlock for others
  std::vector<PerSide<Seq>> isns;     // of each incarnation
  TimeNs capture_end_ns = 0;
};

// The event behind captured frame `i`, unless a block's.
const Event* event_of(const Script& script, const Playback& playback, std::size_t i);

// Both sides begin at `isn`; `seed` serves the ISNs that `reuse` leaves open. Marks other than !unseen and
// !badsum change only what later segments echo: the analysis never sees them.
Playback play(const Script& script, std::uint32_t isn, std::uint32_t seed);

}  // namespace tcpautopsy::tap

// `repeat N { ... }`: lines that come again and again, the streams going on.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

struct Repeat {
  unsigned line = 0;
  std::uint32_t count = 0;
  std::size_t first = 0;  // of the events between { and }
  TimeNs start_ns = 0;
};

// Appends what comes after the first time, when the events from `first` on are it and `now_ns` is its end.
// Returns the time after the last. Throws ScriptError where that is too much.
TimeNs play_again(const Repeat& repeat, TimeNs now_ns, std::vector<Event>& events);

}  // namespace tcpautopsy::tap

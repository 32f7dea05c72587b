// What the analysis holds of a connection written as a .tap script.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "tests/support/conclude.h"
#include "tests/support/tap_player.h"

namespace tcpautopsy::stream_test {

// At initial sequence numbers that wrap at different places; one flow each.
inline std::vector<FlowHistory> traces_of(std::string_view text) {
  const tap::Script script = tap::parse_script(text);
  std::vector<FlowHistory> out;
  for (const std::uint32_t isn : {0U, 0x7FFFFFFFU, 0xFFFFFFFEU}) {
    const tap::Playback playback = tap::play(script, isn, 1);
    ConcludeSettings settings;
    settings.capture_end_ns = playback.capture_end_ns;
    Conclusions made = conclude(playback.captured, settings);
    out.push_back(std::move(made.flows.at(0).history));
  }
  return out;
}

}  // namespace tcpautopsy::stream_test

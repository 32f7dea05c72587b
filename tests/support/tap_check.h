// Compares conclusions with a script's expectations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/conclude.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

// Empty when all are met.
std::vector<std::string> check(const Script& script, const Playback& playback, const Conclusions& conclusions,
                               std::string_view own_finding);

// The script's side in the sides of a flow, which names A whoever it saw first.
Side flow_side(const Script& script, const FlowTrace& trace, Side side);

}  // namespace tcpautopsy::tap

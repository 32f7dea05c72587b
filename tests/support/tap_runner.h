// Runs a script through the analysis and compares what it concludes with what the script expects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/conclude.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

struct RunResult {
  std::vector<std::string> failures;  // expected over actual, each with its line and initial sequence number
  std::string ladder;                 // of the first run with a failure, else of the last

  bool passed() const { return failures.empty(); }
  std::string text() const;  // failures, then the ladder
};

// What is concluded of a script that was played, with the settings it asks for.
Conclusions conclude_script(const Script& script, const Playback& playback);

// At ISNs 0, 2^31-1, 2^32-2 and a random one of a fixed seed. `own_finding` narrows "no finding" to that id
// (examples of detectors).
RunResult run_script(const Script& script, std::string_view own_finding = {});

// Parses first; a script that is none is a failure.
RunResult run_script(std::string_view text, std::string_view own_finding = {});

}  // namespace tcpautopsy::tap

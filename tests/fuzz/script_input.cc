#include <string_view>

#include "file_input.h"
#include "tests/support/tap_runner.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy::fuzz {

void script_input(Bytes text) {
  constexpr std::size_t kLongest = 200;  // events that are played
  const std::string_view words(reinterpret_cast<const char*>(text.data()), text.size());
  try {
    const tap::Script script = tap::parse_script(words);
    if (script.blocks.empty() && script.events.size() <= kLongest && script.services < 1'000)
      tap::run_script(script);
  } catch (const tap::ScriptError&) {
    return;
  }
}

}  // namespace tcpautopsy::fuzz

// What properties go through: the skies of the simulator, and all scripts.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/simulator.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {

inline constexpr sim::Weather kUsualSkies[]{{.loss = false, .reorder_after_tap = false, .duplicate = false},
                                            {},
                                            {.reorder_before_tap = true},
                                            {.capture_loss = true},
                                            {.capture_starts_late = true},
                                            {.one_sided = true},
                                            {.other_stacks = true},
                                            {.other_stacks = true, .middlebox = true}};

// Calls f(captured) with what each .tap below `scripts` captures.
template <class F>
void each_script(const std::filesystem::path& scripts, F f) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scripts)) {
    if (entry.path().extension() != ".tap") continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    INFO(entry.path().string());
    f(tap::play(tap::parse_script(text), 0xfffffffe, 9293).captured);
  }
}

}  // namespace tcpautopsy

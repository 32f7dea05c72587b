// One input of the whole analysis's fuzzing: a capture file, all of whose outputs are made.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::fuzz {

// Aborts, naming it, if a promise of what is concluded is broken: one belief and one delivery a record, no
// state that the forward pass had ruled out, frames of an end's transitions in order, findings that name
// frames of the capture. Returns how many connections there were.
std::size_t analyse_input(Bytes file);

}  // namespace tcpautopsy::fuzz

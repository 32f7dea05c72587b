// One input of the decoder's fuzzing: a run of frames through one decoder.
#pragma once

#include <cstdint>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::fuzz {

// Each frame is led by an octet that picks its link type, two of how much longer it was on the wire, one of
// seconds since the last frame and two of its length; what is left over at the end is the last frame. Aborts
// if a promise of the decoder's headers is broken.
void decode_input(Bytes input);

// The octet that picks a link type.
std::uint8_t selector_of(int link_type);

}  // namespace tcpautopsy::fuzz

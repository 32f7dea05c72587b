// One input of the plugin's fuzzing: a capture as Wireshark would hand it over and ask for it.
#pragma once

#include <cstdint>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::fuzz {

// Read in one pass, of which packets are looked at, also again, before all is read; then all of them once
// more. Aborts, naming it, if a promise is broken: a state shown is possible and the one that the packet
// changed to, findings name packets of the capture. Returns of how many packets something was shown in the
// end.
std::size_t session_input(Bytes file);

}  // namespace tcpautopsy::fuzz

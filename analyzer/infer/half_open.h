// How long the server of a connection was in SYN-RECEIVED.
#pragma once

#include <optional>

#include "analyzer/infer/verdicts.h"

namespace tcpautopsy {

struct HalfOpenStay {
  std::optional<TimeNs> from;   // nothing where there was none
  std::optional<TimeNs> until;  // nothing where it lasts beyond the capture
};

// Of an attempt that nobody completed the end is when the server's timer runs out, which its SYN-ACKs tell:
// the time may be understated, never over.
HalfOpenStay half_open_stay(const Verdicts& verdicts, Side server);

}  // namespace tcpautopsy

// What a listener was doing while one connection to it opened, as far as other connections tell.
#pragma once

#include <cstdint>

#include "analyzer/detect/detector.h"

namespace tcpautopsy {

// Where the listener dropped this handshake (or the way to it is cut: ThrownAway): connections to it that
// completed within a minute of it. 0 if it did not. accept_dropped tells of those that served others.
std::uint64_t served_while_dropping(const DetectContext& context);

}  // namespace tcpautopsy

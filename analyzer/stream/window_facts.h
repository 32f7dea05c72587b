// What Windows found of one end.
#pragma once

#include <cstdint>

#include "analyzer/stream/incidents.h"

namespace tcpautopsy {

struct WindowFacts {};

}  // namespace tcpautopsy

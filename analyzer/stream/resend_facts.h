// What Resends found of one end.
#pragma once

#include <cstdint>

#include "analyzer/stream/incidents.h"

namespace tcpautopsy {

struct ResendFacts {};

}  // namespace tcpautopsy

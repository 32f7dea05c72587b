// What Probes found of one end.
#pragma once

#include <cstdint>

#include "analyzer/stream/incidents.h"

namespace tcpautopsy {

struct ProbeFacts {
  Incidents keepalives;  // probes that it sent, answered or not
};

}  // namespace tcpautopsy

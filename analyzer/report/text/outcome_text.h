#pragma once

#include <string>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// How a connection opened and ended, for people: "handshake complete; closed by both ends, client first".
std::string outcome_text(const FlowHistory& history);

}  // namespace tcpautopsy

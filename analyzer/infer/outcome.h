// How a connection closed, in contract.md's words.
#pragma once

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/observation.h"

namespace tcpautopsy {

// Needs beliefs, outcomes, the handshake and the closing's verdicts of the history.
void classify(FlowHistory& history);

// The fate of segments whose arrival shows in acknowledgments rather than in a change of state.
void trace_deliveries(const Observations& observations, FlowHistory& history);

}  // namespace tcpautopsy

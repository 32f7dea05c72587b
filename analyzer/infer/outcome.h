// How a connection opened and closed, in contract.md's words.
#pragma once

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/meaning.h"

namespace tcpautopsy {

// Needs beliefs and outcomes of the history.
void classify(const TraceMeaning& meaning, FlowHistory& history);

// The fate of segments whose arrival shows in acknowledgments rather than in a change of state.
void trace_deliveries(const TraceMeaning& meaning, FlowHistory& history);

}  // namespace tcpautopsy

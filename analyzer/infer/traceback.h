// The traceback: the likeliest path of one endpoint through its trellis, as beliefs and transitions.
#pragma once

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

// Fills, for `side`: beliefs (sized already), transitions (appended), the outcome, and the fate of the
// segments toward it that matter to its state. `trellis` must come from the history's own trace.
void trace_back(const Trellis& trellis, const Observations& observations, Side side, FlowHistory& history);

}  // namespace tcpautopsy

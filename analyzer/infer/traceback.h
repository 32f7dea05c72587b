// The traceback: the likeliest path of one endpoint through its trellis, as beliefs and transitions.
#pragma once

#include <optional>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

// Fills, for `side`: beliefs (sized already), transitions (appended), the outcome, and the fate of the
// segments toward it that matter to its state. `trellis` must come from the history's own trace.
// Returns the state after its last segment, by whose Ending its history ends, if that is known.
std::optional<TcpState> trace_back(const Trellis& trellis, const Observations& observations, Side side,
                                   FlowHistory& history);

}  // namespace tcpautopsy

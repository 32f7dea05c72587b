// Reads the likeliest course of one endpoint off as beliefs and transitions.
#pragma once

#include "analyzer/infer/course.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// Fills, for `side`: beliefs (sized already), transitions (appended), the outcome, and the fate of the
// segments toward it that matter to its state. `course` must come from the history's own trace.
void read_off(const Course& course, const TraceMeaning& meaning, Side side, FlowHistory& history);

}  // namespace tcpautopsy

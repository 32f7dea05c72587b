// Sections of `tcpautopsy history` and `report` that tell of time.
#pragma once

#include <string>
#include <vector>

#include "analyzer/infer/flow_history.h"
#include "analyzer/report/summary/where_time_went.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// Each with a heading of its own; empty where there is nothing to tell.
std::string time_table(const FlowHistory& history, const TextStyle& style);
// The first few turns or, with `all`, all that are held (TurnResults::kTurnsKept).
std::string turns_table(const FlowHistory& history, const TextStyle& style, bool all);

// The capture's connections together: a row a cause.
Table time_totals_table(const TimeTotals& totals);

}  // namespace tcpautopsy

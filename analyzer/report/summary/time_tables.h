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

// The capture's connections together: a row a cause, under time_totals_header().
std::vector<std::string> time_totals_header();
std::vector<std::vector<std::string>> time_totals_rows(const TimeTotals& totals);
// Columns that are flush right.
inline constexpr std::size_t kTimeTotalsRight[] = {1, 2, 3};

}  // namespace tcpautopsy

// Makes the verdicts of a connection's end (closing.h).
#pragma once

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/observation.h"

namespace tcpautopsy {

// Needs beliefs, outcomes and deliveries of the history.
void conclude_closing(const Observations& observations, FlowHistory& history);

// Its parts, in the order in which they need each other.
void conclude_fins(const Observations& observations, FlowHistory& history);
void conclude_resets(const Observations& observations, FlowHistory& history);  // needs the FINs
void conclude_challenges(FlowHistory& history);
void conclude_time_wait(FlowHistory& history);  // needs the FINs and RSTs
void conclude_forgotten(FlowHistory& history);  // needs the RSTs

}  // namespace tcpautopsy

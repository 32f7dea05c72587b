// From the facts of a connection to its history: the forward and the backward pass of models.md section 4.
#pragma once

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy {

// Pure: the same trace gives the same history. `capture_end_ns` is contract.md's capture end; records later than it
// move it. Linear in the records.
FlowHistory retrospect(FlowTrace trace, const Profile& profile, TimeNs capture_end_ns);

}  // namespace tcpautopsy

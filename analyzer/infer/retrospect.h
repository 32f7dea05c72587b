// From the facts of a connection to its history: the forward and the backward pass of models.md section 4.
#pragma once

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy {

enum class CaptureLoss : std::uint8_t {
  OnEvidence,  // suppose that the capture missed segments only where numbers show it or nothing else explains
               // what was seen
  Granted,     // suppose at every step that it may have: beliefs are wider, and hold whatever was missed
};

// Pure: the same trace gives the same history. `capture_end_ns` is contract.md's capture end; records later
// than it move it. Linear in the records but for resends of one thing, which are compared with each other.
FlowHistory retrospect(FlowTrace trace, const Profile& profile, TimeNs capture_end_ns,
                       CaptureLoss loss = CaptureLoss::OnEvidence);

}  // namespace tcpautopsy

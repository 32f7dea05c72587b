// Whether a segment drew the reaction that its arrival would have drawn: what makes "lost" likelier than
// "received".
#pragma once

#include "analyzer/infer/observation.h"

namespace tcpautopsy {

// Points for a segment lost between the capture point and the end at `rtt_ns` from it: next to the end hardly
// any is.
constexpr Cost loss_cost(std::int64_t rtt_ns) {
  return rtt_ns > 0 && rtt_ns < weights::kNearby ? weights::kLostNearby : weights::kLost;
}

// Sets deliver_cost and miss_cost of the segments whose arrival shows in a reaction: SYN (answered by
// SYN-ACK), SYN-ACK and FIN (acknowledged). Overestimates loss where the reaction itself was lost on its way
// to the capture point; a DSACK or a timestamp echo tells those apart.
void weigh_expected_replies(const FlowTrace& trace, Observations& observations, TimeNs capture_end_ns);

}  // namespace tcpautopsy

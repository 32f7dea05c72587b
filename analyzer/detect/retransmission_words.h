// What the detectors of data sent again have in common.
#pragma once

#include <string>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/retransmission_results.h"

namespace tcpautopsy {

// What one end sent again; null where a connection's data were not followed.
const RetransmissionResults* resends_of(const FlowHistory& flow, Side side);

// A router or host told this end of a smaller path MTU (RFC 1191, RFC 8201): it sends again at once.
bool told_smaller_mtu(const FlowHistory& flow, Side side);
// Of what this end sent again, that which answers evidence from the receiver or the path.
std::uint64_t fast_resends(const FlowHistory& flow, Side side);

// The wait of the incidents in words: "after 220 ms", "after at most 1.7 s".
std::string longest_wait_text(const Incidents& incidents);
// Puts incidents into a finding as count, frames and waits.
void tell(Finding& finding, const Incidents& incidents);

}  // namespace tcpautopsy

// Display filters for Wireshark that show what we speak of. Its tcp.stream numbers differ from ours, so
// addresses, ports and frame numbers are used.
#pragma once

#include <string>
#include <vector>

#include "analyzer/detect/finding.h"
#include "analyzer/flow/flow_facts.h"

namespace tcpautopsy {

// All packets of the flow: addresses, ports and the range of its frames (which parts incarnations).
std::string flow_filter(const FlowFacts& trace);

// The finding's frames of the file in which the first of them stands; `trace` is its flow, null where it has
// none.
std::string finding_filter(const Finding& finding, const FlowFacts* trace);

// Of a long list the first and the last 32 (contract.md).
std::vector<FrameRef> shown_frames(const std::vector<FrameRef>& frames);

}  // namespace tcpautopsy

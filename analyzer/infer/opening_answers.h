// What the segments of an opening say of each other: which were ignored, given up or refused.
#pragma once

#include <vector>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/observation.h"

namespace tcpautopsy {

// The opening so far, and what only its verdicts need.
struct OpeningReading {
  const FlowHistory& flow;
  const Observations& observations;
  Opening& opening;                     // what comes before `ignored_acks` is read
  std::vector<RecordIndex> completing;  // the client's segments that acknowledge the SYN-ACK: no SYN, no RST
  std::vector<SegmentRef> old_acks;     // the server's to the SYNs, of a connection before
};

// ICMP errors that end this attempt to connect.
std::vector<RefusingError> refusing_errors(const FlowHistory& flow);

// Fills in the rest of the opening.
void judge_answers(const OpeningReading& reading);

}  // namespace tcpautopsy

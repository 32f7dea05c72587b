// The middle of a connection, which leaves the state of an end as it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/observation.h"
#include "analyzer/infer/transitions.h"

namespace tcpautopsy {

// What the SYN-ACK and all after it say to an end that opened: in ESTABLISHED and later, nothing.
constexpr std::uint8_t kOpeningTriggers = kGotSynAck | kGotAckOfSyn;
constexpr bool says_of_opening_only(std::uint8_t triggers) { return (triggers & ~kOpeningTriggers) == 0; }

// Records behind `open`, which shows the end to be in ESTABLISHED for certain, and before `end`. None where
// end is 0.
struct QuietMiddle {
  std::size_t open = 0, end = 0;

  bool any() const { return end > open + 1; }
  bool has(std::size_t record) const { return open < record && record < end; }
};

// The end stays in ESTABLISHED all through it: it sends data and ACKs without a FIN, seen or hidden, and what
// comes can change nothing. Only of ends that opened: one that answered a SYN may have data under way before
// it hears of the ACK, so that its state is not certain. Of plain connections without RST, ICMP error or loss
// of the capture.
QuietMiddle quiet_middle(const FlowTrace& trace, const Observations& observations, Side side);

}  // namespace tcpautopsy

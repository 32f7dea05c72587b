// Which of the kept segments an ICMP error quotes.
#pragma once

#include <optional>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/seq/frame_order.h"

namespace tcpautopsy {

// The latest before the error that carries the quoted number: that of a super-segment, or of a segment sent
// again, is its own. None where it was left out of the trace, not captured, or another connection's.
inline std::optional<FrameRef> quoted_segment(const FlowTrace& trace, const IcmpRecord& error) {
  std::optional<FrameRef> found;
  if (error.in_doubt) return found;
  for (const SegmentRecord& r : trace.records) {
    if (r.copy || !comes_before(r.frame, error.frame)) continue;
    const bool within = r.seq <= error.seq && error.seq < r.end();
    if (r.side == error.quoted && (r.seq == error.seq || within)) found = r.frame;
  }
  return found;
}

}  // namespace tcpautopsy

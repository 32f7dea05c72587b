// The facts of one connection: what was sent past the capture point, in the order captured. Never what was
// received.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "analyzer/compat/peer_words.h"
#include "analyzer/flow/flow_facts.h"
#include "analyzer/flow/segment_record.h"

namespace tcpautopsy {

struct TransferResults;

struct FlowTrace : FlowFacts {
  std::vector<SegmentRecord> records;
  std::vector<IcmpRecord> icmp;  // the first 256
};

// Packets of a connection that were captured twice, and left out of all that is told of it.
struct CopiesLeftOut {
  std::uint64_t count = 0;
  FrameRef first;  // number 0: none
};

// A connection that is over, and what was worked out segment by segment while it lasted.
struct EndedFlow {
  FlowTrace trace;
  // analyzer/transfer/transfer_results.h; none for a self-connection.
  std::shared_ptr<const TransferResults> transfer;
  PeerWords words;
  std::optional<std::uint64_t> next;  // number of the flow that is its next incarnation, where `successor` is
  CopiesLeftOut copies;
};

}  // namespace tcpautopsy

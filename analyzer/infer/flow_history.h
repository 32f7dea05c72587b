// All that is known of one connection once it is over: facts, what is believed of each packet, and the
// verdicts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/verdicts.h"

namespace tcpautopsy {

// What became of a segment after the capture point. `proof` is the record that shows it.
struct Delivery {
  Fate fate = Fate::Unknown;
  RecordIndex proof = kNoRecord;
};

// After a record, as of the moment its sender sent it.
struct Belief {
  PerSide<StateSet> live;  // knowing only what came before
  PerSide<StateSet> kept;  // after the backward pass; never wider than live
  PerSide<StateSet>
      plausible;  // of kept, those that need no more than one lost packet beyond the likeliest course
  PerSide<TcpState> likely{TcpState::Unknown, TcpState::Unknown};  // on the likeliest course of events
};

struct FlowHistory : Verdicts {
  FlowTrace trace;                                  // facts, without the packets captured twice
  std::shared_ptr<const TransferResults> transfer;  // none for a self-connection, and before it is over
  PeerWords words;
  std::vector<Belief> beliefs;       // one for each record
  std::vector<Delivery> deliveries;  // one for each record

  const std::vector<SegmentRecord>& records() const { return trace.records; }
  // Likeliest state of `side` just before and just after record `i` (what it was when the capture saw it).
  TcpState before(RecordIndex i, Side side) const;
  TcpState after(RecordIndex i, Side side) const { return beliefs[i].likely[index(side)]; }
  std::optional<std::int64_t> rtt(Side side) const { return trace.rtt(side); }
  Side client() const { return trace.client; }
  Side server() const { return other(trace.client); }
};

}  // namespace tcpautopsy

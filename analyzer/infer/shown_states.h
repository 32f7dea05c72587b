// The states of both ends beside each packet: those that the ladder shows, after all changes told of packets
// up to it. Beliefs are as of the moments at which ends sent and received, which is another order where
// segments cross.
#pragma once

#include <vector>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

struct ShownStates {
  PerSide<TcpState> after{TcpState::Unknown, TcpState::Unknown};
  PerSide<StateSet> possible;  // after; always with `after`, unless that is Unknown
};

// One for each record.
std::vector<ShownStates> shown_states(const FlowHistory& history);
// One for each ICMP error of the trace, after it.
std::vector<ShownStates> shown_states_at_errors(const FlowHistory& history);
// By transition: the record beside which it is shown, its own unless a change before it is told of a later
// one; for timers and packets of others, the next record. The number of records for none.
std::vector<RecordIndex> shown_at(const FlowHistory& history);

}  // namespace tcpautopsy

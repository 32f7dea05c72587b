// The steps that an endpoint can take at an event, straight from the rows: obviously right, and slow.
#pragma once

#include <vector>

#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

struct SlowMove {
  TcpState to = TcpState::Closed;
  Cost cost = 0;
};

// From `from`, staying among them.
std::vector<SlowMove> slow_moves(const Trellis& trellis, const Event& event, TcpState from,
                                 const Observations& observations);

// Where all rows that apply lead in turn, by the order of RFC 9293 3.10.7.4.
TcpState slow_deliver(TcpState state, unsigned triggers);

}  // namespace tcpautopsy

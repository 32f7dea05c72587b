// What the passing of time says of an endpoint after its last segment.
#pragma once

#include <optional>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/observation.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy {

// For one state at the capture's end: how unlikely it is to be in it still, and to have left it for CLOSED by
// a timer.
struct Ending {
  Cost stay = 0;
  Cost leave = kNever;
  TimeNs left_ns = 0;             // when the timer ran out, by the back-off seen or the profile
  std::optional<GiveUp> give_up;  // where resends stopped
};

Ending ending(TcpState state, const FlowTrace& trace, const Observations& observations,
              const Profile& profile, Side side, TimeNs capture_end_ns);

// Unlikelihood of a silent change to CLOSED from `state` by `now_ns`, before a RST that tells of no socket.
Cost silent_close_cost(TcpState state, const FlowTrace& trace, const Observations& observations,
                       const Profile& profile, Side side, TimeNs now_ns);

// When that change was, if it was by a timer that had run out by `now_ns`: what was due then did not come.
std::optional<TimeNs> silent_close_time(TcpState state, const FlowTrace& trace,
                                        const Observations& observations, const Profile& profile, Side side,
                                        TimeNs now_ns);

// Start of the 2MSL wait were `side` in TIME-WAIT at `now_ns`: the last segment toward it that starts or
// restarts it (RFC 9293 3.10.7.4: a FIN, or the ACK of its FIN).
TimeNs time_wait_start(const FlowTrace& trace, const Observations& observations, Side side, TimeNs now_ns);

}  // namespace tcpautopsy

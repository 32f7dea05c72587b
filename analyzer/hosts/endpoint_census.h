// The endpoints of one host, of one service, or of one client host at a service: what states they were in
// when, and how their connections ended.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/population.h"
#include "analyzer/hosts/port_set.h"

namespace tcpautopsy {

// How long an endpoint sits in CLOSE-WAIT before it counts as forgotten (close_wait_stuck, and
// close_wait_pileup).
constexpr TimeNs kCloseWaitLingers = 5 * kSecond;

// What one end of a connection brings to each census that counts it.
struct EndShare {
  std::vector<StateChange> states, lingering;  // as EndpointCensus has them
  std::uint64_t time_waits = 0;
  bool answered = false;  // it was in a state other than SYN-SENT

  void take(const Verdicts& verdicts, Side side);

 private:
  void left(const Transition& entered, TimeNs at_ns);
};

struct EndpointCensus {
  Population states;     // by at_ns; what was so before the capture saw any change is not counted
  Population lingering;  // CLOSE-WAIT only, each from kCloseWaitLingers after it began
  std::uint64_t connections = 0;
  std::uint64_t opened = 0, not_opened = 0;                          // the rest began before the capture
  std::uint64_t closed_here = 0, closed_there = 0, closed_both = 0;  // who closed first
  std::uint64_t time_waits = 0;
  TimeNs first_ns = std::numeric_limits<TimeNs>::max();  // of all packets
  TimeNs last_ns = std::numeric_limits<TimeNs>::min();

  // Counts the connection, as seen from `side`, and that end's states.
  void note(const EndedConnection& ended, Side side, const EndShare& share);
  void merge(const EndpointCensus& part);
  // Only the states: a connection of a host with itself has a second end there.
  void note_states(const EndShare& share);
};

// The connections of one client host to one service, from the client's side.
struct Visits {
  EndpointCensus client;
  PortSet ports;             // the client's
  std::uint64_t reused = 0;  // SYNs on ports that the client itself still held in TIME-WAIT by the profile
  TimeNs first_reuse_ns = std::numeric_limits<TimeNs>::max();

  void merge(const Visits& part);
};

}  // namespace tcpautopsy

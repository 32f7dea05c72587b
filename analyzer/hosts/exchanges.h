// What the connections of a service carried: segments sent again, response times, exchanges a connection.
#pragma once

#include <algorithm>
#include <array>
#include <limits>

#include "analyzer/hosts/busy_table.h"
#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/timed_sketch.h"

namespace tcpautopsy {

struct Span {
  TimeNs first_ns = std::numeric_limits<TimeNs>::max(), last_ns = std::numeric_limits<TimeNs>::min();
  void merge(const Span& part) {
    first_ns = std::min(first_ns, part.first_ns);
    last_ns = std::max(last_ns, part.last_ns);
  }
};

// Segments with data in one direction.
struct Sent {
  std::uint64_t segments = 0;  // resends too
  std::uint64_t resent = 0;
  std::uint64_t unseen = 0;    // of the resent, those whose first sending never passed the capture point
  std::uint64_t spurious = 0;  // of the resent, those that the receiver had
  void merge(const Sent& part);
};

struct Carried {
  std::array<Sent, 2> by;  // of a service: by clients, by the service; of a pair: by HostPair::low, ::high
  Span span;
  // What the connection carried; `first` is the end that by[0] is of.
  void note(const EndedConnection& ended, Side first);
  void merge(const Carried& part);
};

// How soon a service answered what clients sent.
struct Answers {
  LogSketch waits;    // as seen at the capture point, of all turns
  TimedSketch times;  // of the first turns of each connection
  LogSketch network;  // of each connection, the least round trip between capture point and service
  std::uint64_t connections = 0;
  std::uint64_t requests = 0, of_several_writes = 0;  // turns of clients; the latter perhaps several messages
  Span span;
  void note(const EndedConnection& ended);
  void merge(const Answers& part);
};

// Connections of one client to one service by how much they carried.
struct Visitors {
  std::uint64_t connections = 0;             // with data
  std::uint64_t single = 0;                  // one request, one answer, closed
  TimeNs handshake_ns = 0, duration_ns = 0;  // of those, together
  Span span;                                 // of those
  void note(const EndedConnection& ended);
  void merge(const Visitors& part);
};

class Exchanges {
 public:
  void note(const EndedConnection& ended);
  void merge(const Exchanges& part);

  const BusyTable<EndpointAddress, Carried>& services() const { return services_; }
  const BusyTable<HostPair, Carried>& pairs() const { return pairs_; }
  const BusyTable<EndpointAddress, Answers>& answers() const { return answers_; }
  const BusyTable<VisitKey, Visitors>& visitors() const { return visitors_; }

 private:
  BusyTable<EndpointAddress, Carried> services_;
  BusyTable<HostPair, Carried> pairs_;
  BusyTable<EndpointAddress, Answers> answers_;
  BusyTable<VisitKey, Visitors> visitors_;
};

}  // namespace tcpautopsy

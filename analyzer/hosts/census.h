// How many endpoints of each host and service are in each state, over time.
#pragma once

#include "analyzer/hosts/busy_table.h"
#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/endpoint_census.h"

namespace tcpautopsy {

class Census {
 public:
  void note(const EndedConnection& ended);
  void merge(const Census& part);

  const BusyTable<IpAddress, EndpointCensus>& hosts() const { return hosts_; }  // all endpoints of an address
  // The endpoints at an address and port to which connections were made.
  const BusyTable<EndpointAddress, EndpointCensus>& services() const { return services_; }
  // Client hosts that got an answer from a service.
  const BusyTable<VisitKey, Visits>& visits() const { return visits_; }

 private:
  void note_visit(const EndedConnection& ended);

  BusyTable<IpAddress, EndpointCensus> hosts_;
  BusyTable<EndpointAddress, EndpointCensus> services_;
  BusyTable<VisitKey, Visits> visits_;
  EndShare client_, server_;  // of the latest connection, whose memory is used again
};

}  // namespace tcpautopsy

#include "analyzer/hosts/census.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

void note_reuse(Visits& visits, const EndedConnection& ended) {
  const auto& previous = ended.verdicts.previous;
  if (!previous || !previous->time_wait_since || !previous->time_wait_likely) return;
  if (previous->time_wait_end != ended.client_address()) return;
  ++visits.reused;
  visits.first_reuse_ns = std::min(visits.first_reuse_ns, ended.flow.first.time_ns);
}

}  // namespace

void Census::note(const EndedConnection& ended) {
  const Side client = ended.client, server = ended.server;
  const std::uint64_t flow = ended.flow.number;
  const bool one_host = ended.client_host.key == ended.server_host.key;
  client_.take(ended.verdicts, client);
  if (server != client) server_.take(ended.verdicts, server);
  hosts_.note(ended.client_host, flow, [&](EndpointCensus& host) {
    host.note(ended, client, client_);
    if (server != client && one_host) host.note_states(server_);
  });
  const EndShare& served = server == client ? client_ : server_;
  if (!one_host)
    hosts_.note(ended.server_host, flow, [&](EndpointCensus& host) { host.note(ended, server, served); });
  services_.note(ended.service, flow, [&](EndpointCensus& service) { service.note(ended, server, served); });
  if (server != client && client_.answered) note_visit(ended);
}

// A client whose SYN was never answered holds a port, but a spoofed one does not exist: those are many.
void Census::note_visit(const EndedConnection& ended) {
  visits_.note(ended.visit, ended.flow.number, [&](Visits& visits) {
    visits.client.note(ended, ended.client, client_);
    visits.ports.add(ended.client_address().port);
    note_reuse(visits, ended);
  });
}

void Census::merge(const Census& part) {
  hosts_.merge(part.hosts_);
  services_.merge(part.services_);
  visits_.merge(part.visits_);
}

}  // namespace tcpautopsy

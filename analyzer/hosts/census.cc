#include "analyzer/hosts/census.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

// A client whose SYN was never answered holds a port, but a spoofed one does not exist: those are many.
bool was_answered(const EndedConnection& ended) {
  const auto& all = ended.verdicts.transitions;
  return std::any_of(all.begin(), all.end(), [&](const Transition& change) {
    return change.side == ended.flow.client && change.to != TcpState::SynSent &&
           change.to != TcpState::Closed;
  });
}

void note_visit(Visits& visits, const EndedConnection& ended) {
  const Side client = ended.flow.client;
  const EndpointAddress& address = ended.flow.facts(client).address;
  visits.client.note(ended, client);
  visits.ports.add(address.port);
  const auto& previous = ended.verdicts.previous;
  if (!previous || !previous->time_wait_since || !previous->time_wait_likely) return;
  if (previous->time_wait_end != address) return;
  ++visits.reused;
  visits.first_reuse_ns = std::min(visits.first_reuse_ns, ended.flow.first.time_ns);
}

}  // namespace

void Census::note(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  const Side client = flow.client, server = flow.self_connection ? client : flow.server();
  const EndpointAddress& here = flow.facts(client).address;
  const EndpointAddress& there = flow.facts(server).address;
  hosts_.note(here.ip, flow.number, [&](EndpointCensus& host) {
    host.note(ended, client);
    if (server != client && there.ip == here.ip) host.note_states(ended.verdicts, server);
  });
  if (there.ip != here.ip)
    hosts_.note(there.ip, flow.number, [&](EndpointCensus& host) { host.note(ended, server); });
  services_.note(there, flow.number, [&](EndpointCensus& service) { service.note(ended, server); });
  if (server == client || !was_answered(ended)) return;
  visits_.note({here.ip, there}, flow.number, [&](Visits& visits) { note_visit(visits, ended); });
}

void Census::merge(const Census& part) {
  hosts_.merge(part.hosts_);
  services_.merge(part.services_);
  visits_.merge(part.visits_);
}

}  // namespace tcpautopsy

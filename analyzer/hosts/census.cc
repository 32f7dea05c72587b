#include "analyzer/hosts/census.h"

#include <algorithm>

#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {
namespace {

// A client whose SYN was never answered holds a port, but a spoofed one does not exist: those are many.
bool was_answered(const FlowHistory& flow) {
  return std::any_of(flow.transitions.begin(), flow.transitions.end(), [&](const Transition& change) {
    return change.side == flow.client() && change.to != TcpState::SynSent && change.to != TcpState::Closed;
  });
}

void note_visit(Visits& visits, const FlowHistory& flow) {
  const Side client = flow.client();
  visits.client.note(flow, client);
  visits.ports.add(flow.trace.facts(client).address.port);
  const auto& previous = flow.previous;
  if (!previous || !previous->time_wait_since || !previous->time_wait_likely) return;
  if (previous->time_wait_end != flow.trace.facts(client).address) return;
  ++visits.reused;
  visits.first_reuse_ns = std::min(visits.first_reuse_ns, flow.trace.first.time_ns);
}

}  // namespace

void Census::note(const FlowHistory& flow, std::span<const FlowMark>) {
  const FlowTrace& trace = flow.trace;
  const Side client = flow.client(), server = trace.self_connection ? client : flow.server();
  const EndpointAddress& here = trace.facts(client).address;
  const EndpointAddress& there = trace.facts(server).address;
  hosts_.note(here.ip, trace.number, [&](EndpointCensus& host) {
    host.note(flow, client);
    if (server != client && there.ip == here.ip) host.note_states(flow, server);
  });
  if (there.ip != here.ip)
    hosts_.note(there.ip, trace.number, [&](EndpointCensus& host) { host.note(flow, server); });
  services_.note(there, trace.number, [&](EndpointCensus& service) { service.note(flow, server); });
  if (server == client || !was_answered(flow)) return;
  visits_.note({here.ip, there}, trace.number, [&](Visits& visits) { note_visit(visits, flow); });
}

void Census::merge(const Census& part) {
  hosts_.merge(part.hosts_);
  services_.merge(part.services_);
  visits_.merge(part.visits_);
}

}  // namespace tcpautopsy

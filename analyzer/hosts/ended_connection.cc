#include "analyzer/hosts/ended_connection.h"

namespace tcpautopsy {

EndedConnection::EndedConnection(const FlowFacts& facts, const Verdicts& concluded,
                                 const TransferResults* of_transfer)
    : flow(facts),
      verdicts(concluded),
      transfer(of_transfer),
      client(facts.client),
      server(facts.self_connection ? facts.client : facts.server()),
      client_host(hashed(facts.facts(client).address.ip)),
      server_host(hashed(facts.facts(server).address.ip)) {
  service.key = facts.facts(server).address;
  service.hash = service_hash(server_host.hash, service.key.port);
  visit.key = {client_host.key, service.key};
  visit.hash = joint_hash(client_host.hash, service.hash);
}

}  // namespace tcpautopsy

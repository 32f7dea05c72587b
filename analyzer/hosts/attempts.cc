#include "analyzer/hosts/attempts.h"

#include "analyzer/hosts/keys.h"

namespace tcpautopsy {

void Attempts::note(const EndedConnection& ended) {
  const auto attempt = attempt_of(ended);
  if (!attempt) {
    if (const auto probe = probe_of(ended)) sources_.note(*probe);
    return;
  }
  if (ServiceAttempts* service = services_.find_or_add(attempt->server, key_hash(attempt->server)))
    service->note(*attempt);
  sources_.note(*attempt);
  const auto isns = [this](const EndpointAddress& host) {
    return isns_.find_or_add(host.ip, key_hash(host.ip));
  };
  const Isns::Chosen chosen{attempt->syn.time_ns, attempt->flow, attempt->client_isn, attempt->syn};
  if (attempt->outcome == Outcome::Completed)
    if (Isns* client = isns(attempt->client)) client->note(chosen);
  if (attempt->lower_isn)
    if (Isns* client = isns(attempt->client)) client->note_lower(chosen);
  if (!attempt->server_isn) return;
  if (Isns* server = isns(attempt->server))
    server->note({attempt->syn.time_ns, attempt->flow, *attempt->server_isn, attempt->syn});
}

void Attempts::merge(const Attempts& part) {
  services_.merge(part.services_);
  isns_.merge(part.isns_);
  sources_.merge(part.sources_);
}

}  // namespace tcpautopsy

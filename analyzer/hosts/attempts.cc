#include "analyzer/hosts/attempts.h"

#include "analyzer/hosts/keys.h"

namespace tcpautopsy {

void Attempts::note(const EndedConnection& ended) {
  const auto attempt = attempt_of(ended);
  if (!attempt) {
    if (const auto probe = probe_of(ended))
      sources_.note(*probe, hashed(VisitKey{probe->client.ip, probe->server}));
    return;
  }
  if (ServiceAttempts* service = services_.find_or_add(ended.service.key, ended.service.hash))
    service->note(*attempt);
  sources_.note(*attempt, ended.visit);
  note_isns(*attempt, ended);
}

void Attempts::note_isns(const Attempt& attempt, const EndedConnection& ended) {
  const auto isns = [this](const Hashed<IpAddress>& host) { return isns_.find_or_add(host.key, host.hash); };
  Isns::Chosen chosen{attempt.syn.time_ns, attempt.flow, attempt.client_isn, attempt.syn};
  if (attempt.outcome == Outcome::Completed || attempt.lower_isn) {
    if (Isns* client = isns(ended.client_host)) {
      if (attempt.outcome == Outcome::Completed) client->note(chosen);
      if (attempt.lower_isn) client->note_lower(chosen);
    }
  }
  if (!attempt.server_isn) return;
  chosen.isn = *attempt.server_isn;
  if (Isns* server = isns(ended.server_host)) server->note(chosen);
}

void Attempts::merge(const Attempts& part) {
  services_.merge(part.services_);
  isns_.merge(part.isns_);
  sources_.merge(part.sources_);
}

}  // namespace tcpautopsy

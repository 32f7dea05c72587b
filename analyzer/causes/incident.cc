#include "analyzer/causes/incident.h"

#include <tuple>

namespace tcpautopsy {

std::string_view name(End end) {
  switch (end) {
    case End::None: return "";
    case End::Client: return "client";
    case End::Server: return "server";
  }
  return "";
}

std::string_view name(Actor actor) {
  switch (actor) {
    case Actor::ClientApplication: return "client_application";
    case Actor::ClientHost: return "client_host";
    case Actor::ServerApplication: return "server_application";
    case Actor::ServerHost: return "server_host";
    case Actor::NetworkClientSide: return "network_client_side";
    case Actor::NetworkServerSide: return "network_server_side";
    case Actor::Network: return "network";
    case Actor::Middlebox: return "middlebox";
    case Actor::Capture: return "capture";
    case Actor::Unknown: return "unknown";
  }
  return "unknown";
}

std::string_view words(Actor actor) {
  switch (actor) {
    case Actor::ClientApplication: return "client application";
    case Actor::ClientHost: return "client host";
    case Actor::ServerApplication: return "server application";
    case Actor::ServerHost: return "server host";
    case Actor::NetworkClientSide: return "network, client side";
    case Actor::NetworkServerSide: return "network, server side";
    case Actor::Network: return "network";
    case Actor::Middlebox: return "middlebox";
    case Actor::Capture: return "capture";
    case Actor::Unknown: return "side unknown";
  }
  return "side unknown";
}

std::string Incident::verdict() const { return headline + (cost.empty() ? "." : "; " + cost + "."); }

bool worse(const Incident& a, const Incident& b) {
  const auto gravity = [](const Incident& i) {
    return std::tuple(i.severity, i.impact.connections_failed, i.impact.connections_reset,
                      i.impact.time_lost_ns);
  };
  if (gravity(a) != gravity(b)) return gravity(a) > gravity(b);
  return std::tuple(a.first_ns, a.cause) < std::tuple(b.first_ns, b.cause);
}

}  // namespace tcpautopsy

#include "analyzer/report/json/incident_lines.h"

namespace tcpautopsy {

void write_service(JsonWriter& w, const std::optional<EndpointAddress>& service) {
  w.key("service");
  if (!service) return w.null();
  w.begin_object();
  w.field("ip", to_string(service->ip));
  w.field("port", service->port);
  w.end_object();
}

void write_incident(JsonWriter& w, std::uint64_t number, const Incident& incident) {
  w.field("incident", number);
  w.word_field("severity", name(incident.severity));
  w.word_field("certainty", name(incident.certainty));
  w.word_field("cause", incident.cause);
  w.field("verdict", incident.verdict());
  w.word_field("where", name(incident.where));
  write_service(w, incident.service);
  w.field("host", incident.host ? std::optional(to_string(*incident.host)) : std::nullopt);
  w.field("first_ns", incident.first_ns);
  w.field("last_ns", incident.last_ns);
  w.field("flows", incident.flows);
  w.key("sample_flows");
  w.begin_array();
  for (const std::uint64_t flow : incident.sample_flows) w.value(flow);
  w.end_array();
  w.key("findings");
  w.begin_object();
  for (const auto& [id, count] : incident.findings) w.field(id, count);
  w.end_object();
  w.key("impact");
  w.begin_object();
  w.field("connections_failed", incident.impact.connections_failed);
  w.field("connections_reset", incident.impact.connections_reset);
  w.field("time_lost_ns", incident.impact.time_lost_ns);
  w.end_object();
  w.field("remedy", incident.remedy);
  w.field("see", incident.see);
  w.field("example", incident.example);
}

void append_incident_line(std::string& out, std::uint64_t number, const Incident& incident) {
  JsonWriter w(out);
  w.begin_object();
  w.field("schema", 1);
  write_incident(w, number, incident);
  w.end_object();
}

}  // namespace tcpautopsy

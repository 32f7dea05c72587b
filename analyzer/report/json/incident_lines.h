// One incident as JSON (contract.md, "Incidents").
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/causes/incident.h"
#include "analyzer/report/json/json_writer.h"

namespace tcpautopsy {

// Its fields, within an object that the caller begins and ends.
void write_incident(JsonWriter& out, std::uint64_t number, const Incident& incident);
// The field "service".
void write_service(JsonWriter& out, const std::optional<EndpointAddress>& service);

// Appends one object that stands alone on its line; no newline.
void append_incident_line(std::string& out, std::uint64_t number, const Incident& incident);

}  // namespace tcpautopsy

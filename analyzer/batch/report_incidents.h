// Incidents of a whole store: those of one cause at one place, in whatever files and hours, are one line.
#pragma once

#include "analyzer/batch/report.h"
#include "analyzer/batch/report_words.h"

namespace tcpautopsy::batch {

// Fills in what the report tells of incidents, at most `most` of them; a baseline is attached as "old".
void add_incidents(Database& store, const UnitNames& names, std::size_t most, Report& report);

std::uint64_t incidents_left_out(const Report& report);

// As texts: what it cost, and how often it was met, in words.
std::string cost_text(const IncidentLine& line);
std::string extent_text(const IncidentLine& line);

}  // namespace tcpautopsy::batch

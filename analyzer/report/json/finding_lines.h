// One finding as a line: NDJSON and CSV for programs (contract.md `findings`), text for people.
#pragma once

#include <string>
#include <vector>

#include "analyzer/detect/finding.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/names.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// A finding with its flow's facts; `trace` is null for one about a host or a capture.
struct FindingView {
  const Finding& finding;
  const FlowTrace* trace = nullptr;
};

// Appends one object; no newline.
void append_finding_json(std::string& out, const FindingView& view, const Origin& origin);
void write_finding(JsonWriter& out, const FindingView& view, const Origin& origin);

// The evidence alone, as an object.
void write_evidence(JsonWriter& out, const Finding& finding);

void append_finding_csv(std::string& out, const FindingView& view, const Origin& origin);
std::string finding_csv_header();  // with the incident's column

// How a line or row made by the functions here changes once its finding proves part of a host finding.
void make_part_of_json(std::string& line, std::string_view host_finding);
void make_part_of_csv(std::string& line, std::string_view host_finding);

// What is told behind all else: the number of its incident, once that is known.
void append_incident_json(std::string& line, std::optional<std::uint64_t> incident);
void append_incident_csv(std::string& line, std::optional<std::uint64_t> incident);

// The second cell of a row is the incident's, and empty.
std::vector<std::string> finding_table_header();
std::vector<std::string> finding_table_row(const FindingView& view);

// Sorts as octets into the contract's order: time_ns, flow (none last), id, endpoint.
std::string finding_order(const FindingView& view);

// "client", "server", or none.
std::optional<std::string_view> finding_endpoint(const FindingView& view);

// "syns 7, first_wait_ns 1.02 s": evidence in words, times readable.
std::string evidence_text(const Finding& finding);
// "1, 5, 9 .. 120 (34 in all)"
std::string frames_text(const Finding& finding, std::size_t most);

Paint severity_paint(Severity severity);

}  // namespace tcpautopsy

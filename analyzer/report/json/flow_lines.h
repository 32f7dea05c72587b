// One connection as a line: NDJSON and CSV for programs (contract.md), table cells for people.
#pragma once

#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {

// Appends one object; no newline.
void append_flow_json(std::string& out, const FlowResult& flow, const Origin& origin);
// The same into a larger document.
void write_flow(JsonWriter& out, const FlowResult& flow, const Origin& origin);

// Appends one line without its end; the columns are the JSON's, `history` left out.
void append_flow_csv(std::string& out, const FlowResult& flow, const Origin& origin);
std::string flow_csv_header();

// Ids of the flow's findings, each once, in order of time.
std::vector<std::string_view> finding_ids(const Findings& findings);

// Cells under flow_table_header().
std::vector<std::string> flow_table_header();
std::vector<std::string> flow_table_row(const FlowResult& flow);

// "TIME-WAIT", or "LAST-ACK|CLOSED" where more remain possible; "-" for an end that is none.
std::string final_text(const FlowHistory& history, Side side);

}  // namespace tcpautopsy

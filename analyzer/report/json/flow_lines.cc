#include "analyzer/report/json/flow_lines.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "analyzer/report/json/csv_writer.h"
#include "analyzer/report/json/flow_fields.h"
#include "analyzer/report/json/time_fields.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {
namespace {

template <class W>
void write_head(W& w, const FlowHistory& history, const Origin& origin) {
  flow_fields::identity(w, history, origin);
  flow_fields::extent(w, history, origin);
  flow_fields::verdict(w, history);
}

template <class W>
void write_tail(W& w, const FlowResult& flow) {
  flow_fields::finals(w, flow.history);
  flow_fields::counts(w, flow.history);
  flow_fields::round_trips(w, flow.history);
  flow_fields::time_went(w, flow.history);
  flow_fields::turns(w, flow.history);
  flow_fields::options(w, flow.history);
  w.key("findings");
  w.begin_array();
  for (const std::string_view id : finding_ids(flow.findings)) w.word(id);
  w.end_array();
}

void write_csv(CsvWriter& w, const FlowResult& flow, const Origin& origin) {
  w.begin_object();
  write_head(w, flow.history, origin);
  write_tail(w, flow);
  w.end_object();
}

std::string flow_end(const FlowHistory& history) {
  const std::string_view first = closed_first_name(history);
  if (history.closed_first == ClosedFirst::None) return std::string(close_name(history));
  if (history.close != Close::BothFin) return std::string(close_name(history));
  return "both_fin, " + std::string(first);
}

}  // namespace

void write_flow(JsonWriter& w, const FlowResult& flow, const Origin& origin) {
  w.begin_object();
  write_head(w, flow.history, origin);
  w.key("history");
  w.begin_array();
  for (const Transition& change : flow.history.transitions) {
    flow_fields::transition(w, flow.history, change, origin);
  }
  w.end_array();
  write_tail(w, flow);
  w.end_object();
}

void append_flow_json(std::string& out, const FlowResult& flow, const Origin& origin) {
  JsonWriter writer(out);
  write_flow(writer, flow, origin);
}

void append_flow_csv(std::string& out, const FlowResult& flow, const Origin& origin) {
  CsvWriter writer(out, CsvWriter::Line::Values);
  write_csv(writer, flow, origin);
}

std::string flow_csv_header() {
  std::string out;
  CsvWriter writer(out, CsvWriter::Line::Header);
  write_csv(writer, FlowResult{}, Origin{{}, no_encapsulation()});
  return out;
}

std::vector<std::string_view> finding_ids(const Findings& findings) {
  std::vector<std::string_view> ids;
  for (const Finding& finding : findings)
    if (std::find(ids.begin(), ids.end(), finding.id) == ids.end()) ids.push_back(finding.id);
  return ids;
}

std::string final_text(const FlowHistory& history, Side side) {
  if (history.trace.self_connection && side != history.client()) return "-";
  const EndpointOutcome& outcome = history.outcome(side);
  std::string text(name(outcome.final));
  for (const TcpState state : outcome.final_possible)
    if (state != outcome.final) text.append("|").append(name(state));
  return text;
}

std::vector<std::string> flow_table_header() {
  return {"FLOW",    "START", "CLIENT",    "SERVER", "LASTED",
          "PACKETS", "BYTES", "HANDSHAKE", "CLOSE",  "FINDINGS"};
}

std::vector<std::string> flow_table_row(const FlowResult& flow) {
  const FlowTrace& trace = flow.history.trace;
  const SideFacts& client = trace.facts(flow.history.client());
  const SideFacts& server = trace.self_connection ? client : trace.facts(flow.history.server());
  const auto sum = [&](auto member) { return trace.sides[0].*member + trace.sides[1].*member; };
  std::string ids;
  for (const std::string_view id : finding_ids(flow.findings)) ids.append(ids.empty() ? "" : " ").append(id);
  std::array<std::string, 10> cells{std::to_string(trace.number),
                                    readable_time(trace.first.time_ns).substr(11, 12),
                                    to_string(client.address) + (trace.client_guessed ? "?" : ""),
                                    to_string(server.address),
                                    readable_span(trace.last.time_ns - trace.first.time_ns),
                                    grouped(sum(&SideFacts::packets)),
                                    readable_bytes(sum(&SideFacts::payload_bytes)),
                                    std::string(name(flow.history.handshake)),
                                    flow_end(flow.history),
                                    std::move(ids)};
  return {std::move_iterator(cells.begin()), std::move_iterator(cells.end())};
}

}  // namespace tcpautopsy

#include "analyzer/batch/unit_rows.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "analyzer/compat/community_id.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/json/incident_lines.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy::batch {
namespace {

// Columns of a finding's row that change once it proves part of another, and its incident is known; the
// flow's place and the ticket stand behind all.
enum FindingColumn : std::size_t {
  kId = 2,
  kSeverity = 7,
  kLevel = 8,
  kPartOf = 18,
  kIncident = 19,
  kRecord = 21,
  kPlace = 22,
  kTicket = 23
};

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }

template <class T>
Cell maybe(const std::optional<T>& value) {
  return value ? Cell(static_cast<std::int64_t>(*value)) : Cell(nullptr);
}

Cell text_or_null(std::string_view text) { return text.empty() ? Cell(nullptr) : Cell(text); }

std::optional<std::uint64_t> resends_of(const FlowHistory& history) {
  if (!history.transfer) return std::nullopt;
  return history.transfer->retransmissions[0].retransmissions +
         history.transfer->retransmissions[1].retransmissions;
}

std::optional<std::int64_t> handshake_time(const FlowHistory& history) {
  const auto& client = history.trace.facts(history.client()).rtt_handshake_ns;
  const auto& server = history.trace.facts(history.server()).rtt_handshake_ns;
  if (!client || !server || history.trace.self_connection) return std::nullopt;
  return *client + *server;
}

template <class T>
std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <class T>
T from_bytes(const Cell& cell) {
  T value;
  std::memcpy(&value, std::get<std::string_view>(cell).data(), sizeof value);
  return value;
}

// What it is about, in one word: incidents of one cause are told together where this is the same.
std::string place_of(const Incident& incident) {
  if (incident.service) return to_string(*incident.service);
  if (incident.host) return to_string(*incident.host);
  return incident.client ? to_string(*incident.client) : "";
}

std::size_t alike_before(const Findings& findings, std::size_t at) {
  const Finding& one = findings[at];
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.begin() + static_cast<std::ptrdiff_t>(at), [&](const Finding& f) {
        return f.id == one.id && f.time_ns == one.time_ns && f.side == one.side && f.host == one.host &&
               f.port == one.port;
      }));
}

}  // namespace

void UnitRows::note(const FlowResult& flow) {
  tickets_ = causes_.note(flow);
  if (tickets_.empty()) return;
  const FlowPlace place = FlowPlace::of(flow.history.trace);
  for (std::size_t i = 0; i < tickets_.size(); ++i) {
    const Finding& finding = flow.findings[i];
    if (PartOf::possible(finding.id))
      candidates_.add({finding.id, bytes_of(finding.severity), bytes_of(place), bytes_of(tickets_[i])});
  }
}

void UnitRows::add(const FlowResult& flow, const Encapsulation& encapsulation) {
  const FlowHistory& history = flow.history;
  const FlowTrace& trace = history.trace;
  const Origin origin{files_, encapsulation};
  const SideFacts& client = trace.facts(history.client());
  const SideFacts& server = trace.self_connection ? client : trace.facts(history.server());
  const std::string client_ip = to_string(client.address.ip), server_ip = to_string(server.address.ip);
  const std::string community = community_id(client.address, server.address);
  scratch_.clear();
  append_flow_json(scratch_, flow, origin);
  const Cell final_server =
      trace.self_connection ? Cell(nullptr) : Cell(name(history.outcome(history.server()).final));
  flows_.add({whole(trace.number),
              std::int64_t{trace.first.file},
              whole(trace.first.number),
              trace.first.time_ns,
              trace.last.time_ns,
              client_ip,
              std::int64_t{client.address.port},
              server_ip,
              std::int64_t{server.address.port},
              std::int64_t{trace.incarnation},
              community,
              whole(trace.sides[0].packets + trace.sides[1].packets),
              whole(client.payload_bytes),
              trace.self_connection ? std::int64_t{0} : whole(server.payload_bytes),
              maybe(resends_of(history)),
              name(history.handshake),
              maybe(handshake_time(history)),
              close_name(history),
              closed_first_name(history),
              name(history.outcome(history.client()).final),
              final_server,
              std::string_view(scratch_)});
  for (std::size_t i = 0; i < flow.findings.size(); ++i) {
    const Finding& finding = flow.findings[i];
    add_finding({finding, &trace}, origin, alike_before(flow.findings, i),
                tickets_.empty() ? CauseTicket{} : tickets_[i],
                PartOf::possible(finding.id) ? open_ : closed_);
  }
}

void UnitRows::add_finding(const FindingView& view, const Origin& origin, std::size_t nth,
                           const CauseTicket& ticket, RowSpool& to) {
  const Finding& f = view.finding;
  scratch_.clear();
  append_finding_json(scratch_, view, origin);
  FlowPlace place;
  std::string client_ip, server_ip;
  if (view.trace != nullptr) {
    place = FlowPlace::of(*view.trace);
    client_ip = to_string(place.client.ip);
    server_ip = to_string(place.server.ip);
  } else if (f.host) {
    server_ip = to_string(*f.host);
  }
  const std::string host = f.host ? to_string(*f.host) : std::string();
  Cell port = nullptr;
  if (view.trace != nullptr)
    port = std::int64_t{place.server.port};
  else if (f.port)
    port = std::int64_t{*f.port};
  const bool framed = !f.frames.empty();
  to.add({f.time_ns,
          f.flow ? whole(*f.flow) : std::int64_t{-1},
          f.id,
          finding_endpoint(view).value_or(""),
          host,
          std::int64_t{f.port.value_or(0)},
          whole(nth),
          name(f.severity),
          static_cast<std::int64_t>(f.severity),
          name(f.scope),
          f.end_ns,
          whole(f.count),
          framed ? Cell(std::int64_t{f.frames.front().file}) : Cell(nullptr),
          framed ? Cell(whole(f.frames.front().number)) : Cell(nullptr),
          name(f.certainty),
          text_or_null(client_ip),
          text_or_null(server_ip),
          port,
          text_or_null(f.part_of),
          nullptr,
          std::string_view(f.summary),
          std::string_view(scratch_),
          view.trace != nullptr ? Cell(bytes_of(place)) : Cell(nullptr),
          bytes_of(ticket)});
}

void UnitRows::settle_parts(const PartOf& parts) {
  candidates_.each([&](std::vector<Cell>& row) {
    const auto id = std::get<std::string_view>(row[0]);
    if (!parts.of(id, from_bytes<FlowPlace>(row[2])).empty())
      causes_.demote(from_bytes<CauseTicket>(row[3]), from_bytes<Severity>(row[1]));
  });
}

void UnitRows::put_finding(std::vector<Cell>& row, std::string_view part_of, RowSpool& to) const {
  std::string record(std::get<std::string_view>(row[kRecord]));
  if (!part_of.empty()) {
    make_part_of_json(record, part_of);
    row[kSeverity] = name(Severity::Info);
    row[kLevel] = static_cast<std::int64_t>(Severity::Info);
    row[kPartOf] = part_of;
  }
  const auto incident = causes_.number_of(from_bytes<CauseTicket>(row[kTicket]));
  append_incident_json(record, incident);
  row[kIncident] = maybe(incident);
  row[kRecord] = std::string_view(record);
  row.resize(kPlace);
  to.add(row);
}

void UnitRows::put_incidents(RowSpool& to) const {
  std::uint64_t number = 0;
  std::string record;
  for (const Incident& i : causes_.incidents()) {
    record.clear();
    append_incident_line(record, number, i);
    const std::string verdict = i.verdict(), place = place_of(i);
    const std::string service = i.service ? to_string(i.service->ip) : "";
    const std::string host = i.host ? to_string(*i.host) : "", client = i.client ? to_string(*i.client) : "";
    const std::uint64_t* flow = i.sample_flows.empty() ? nullptr : i.sample_flows.data();
    to.add({whole(number++),
            name(i.severity),
            static_cast<std::int64_t>(i.severity),
            name(i.certainty),
            i.cause,
            verdict,
            name(i.where),
            text_or_null(service),
            i.service ? Cell(std::int64_t{i.service->port}) : Cell(nullptr),
            text_or_null(host),
            text_or_null(client),
            name(i.end),
            place,
            i.first_ns,
            i.last_ns,
            whole(i.flows),
            whole(i.impact.connections_failed),
            whole(i.impact.connections_reset),
            i.impact.time_lost_ns,
            i.remedy,
            i.see,
            flow != nullptr ? Cell(whole(*flow)) : Cell(nullptr),
            std::string_view(record)});
  }
}

void UnitRows::finish(const Findings& of_capture, bool store_them, UnitResult& result) {
  const PartOf parts(of_capture);
  std::vector<CauseTicket> tickets;
  for (const Finding& finding : of_capture) tickets.push_back(causes_.note(finding));
  settle_parts(parts);
  causes_.conclude();
  result.flows = std::move(flows_);
  closed_.each([&](std::vector<Cell>& row) { put_finding(row, "", result.findings); });
  open_.each([&](std::vector<Cell>& row) {
    const auto id = std::get<std::string_view>(row[kId]);
    put_finding(row, parts.of(id, from_bytes<FlowPlace>(row[kPlace])), result.findings);
  });
  if (!store_them) return;
  RowSpool last;
  for (std::size_t i = 0; i < of_capture.size(); ++i)
    add_finding({of_capture[i], nullptr}, Origin{files_, no_encapsulation()}, alike_before(of_capture, i),
                tickets[i], last);
  last.each([&](std::vector<Cell>& row) { put_finding(row, "", result.findings); });
  put_incidents(result.incidents);
}

}  // namespace tcpautopsy::batch

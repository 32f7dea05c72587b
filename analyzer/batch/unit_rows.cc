#include "analyzer/batch/unit_rows.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "analyzer/analysis/part_of.h"
#include "analyzer/compat/community_id.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy::batch {
namespace {

// Columns of a finding's row that change once it proves part of another; and the flow's place, behind all.
enum FindingColumn : std::size_t {
  kId = 2,
  kSeverity = 7,
  kLevel = 8,
  kPartOf = 18,
  kRecord = 20,
  kPlace = 21
};

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }

template <class T>
Cell maybe(const std::optional<T>& value) {
  return value ? Cell(static_cast<std::int64_t>(*value)) : Cell(nullptr);
}

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

std::string_view bytes_of(const FlowPlace& place) {
  return {reinterpret_cast<const char*>(&place), sizeof place};
}

FlowPlace place_of(const Cell& cell) {
  FlowPlace place;
  std::memcpy(&place, std::get<std::string_view>(cell).data(), sizeof place);
  return place;
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
                PartOf::possible(finding.id) ? open_ : closed_);
  }
}

void UnitRows::add_finding(const FindingView& view, const Origin& origin, std::size_t nth, RowSpool& to) {
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
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Cell(nullptr) : Cell(text); };
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
          std::string_view(f.summary),
          std::string_view(scratch_),
          view.trace != nullptr ? Cell(bytes_of(place)) : Cell(nullptr)});
}

void UnitRows::finish(const Findings& of_capture, bool store_them, RowSpool& flows, RowSpool& findings) {
  flows = std::move(flows_);
  const PartOf parts(of_capture);
  const auto put = [&](std::vector<Cell>& row) {
    row.resize(kPlace);
    findings.add(row);
  };
  closed_.each(put);
  std::string record;
  open_.each([&](std::vector<Cell>& row) {
    const std::string_view whose = parts.of(std::get<std::string_view>(row[kId]), place_of(row[kPlace]));
    if (!whose.empty()) {
      record = std::get<std::string_view>(row[kRecord]);
      make_part_of_json(record, whose);
      row[kSeverity] = name(Severity::Info);
      row[kLevel] = static_cast<std::int64_t>(Severity::Info);
      row[kPartOf] = whose;
      row[kRecord] = std::string_view(record);
    }
    put(row);
  });
  if (!store_them) return;
  RowSpool last;
  for (std::size_t i = 0; i < of_capture.size(); ++i)
    add_finding({of_capture[i], nullptr}, Origin{files_, no_encapsulation()}, alike_before(of_capture, i),
                last);
  last.each(put);
}

}  // namespace tcpautopsy::batch

#include "plugin/connections_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "analyzer/detect/finding.h"
#include "analyzer/report/text/text.h"
#include "plugin/stat_tables.h"

namespace tcpautopsy::plugin {
namespace {

enum Column : guint {
  kFlow,
  kClient,
  kServer,
  kFirst,
  kPackets,
  kClientState,
  kServerState,
  kClose,
  kWorst,
  kIncident,
  kTime,
  kColumns
};

struct Connections {
  Waiting waiting;
  std::map<std::uint64_t, guint> rows;  // by number
};

std::map<stat_tap_table_ui*, Connections>& tables() {
  static std::map<stat_tap_table_ui*, Connections> all;
  return all;
}

// The worst incident that one of its findings belongs to.
std::string incident_text(const FlowCard& flow) {
  std::optional<std::uint64_t> worst;
  for (const Finding& finding : flow.findings)
    if (const auto number = state().session->incident_of(finding))
      worst = std::min(worst.value_or(*number), *number);
  return worst ? std::to_string(*worst) : "-";
}

std::string worst_text(const FlowCard& flow) {
  const auto worst =
      std::max_element(flow.findings.begin(), flow.findings.end(),
                       [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return worst == flow.findings.end() ? "-"
                                      : std::string(name(worst->severity)) + ": " + std::string(worst->id);
}

guint row_of(Connections& own, stat_tap_table* table, const FlowCard& flow) {
  const auto [known, fresh] = own.rows.emplace(flow.number, static_cast<guint>(own.rows.size()));
  if (!fresh) return known->second;
  const auto client = index(flow.client),
             server = index(flow.self_connection ? flow.client : other(flow.client));
  const stat_tap_table_item_type items[kColumns] = {
      number_item(static_cast<guint>(flow.number)),
      text_item(to_string(flow.ends[client]) + (flow.client_guessed ? "?" : "")),
      text_item(to_string(flow.ends[server])),
      number_item(static_cast<guint>(flow.first_frame)),
      number_item(0),
      text_item(name(flow.final[client])),
      text_item(flow.self_connection ? "-" : name(flow.final[server])),
      text_item(flow.close),
      text_item(worst_text(flow)),
      text_item(incident_text(flow)),
      text_item(flow.where_time_went.empty() ? "-" : flow.where_time_went)};
  stat_tap_init_table_row(table, known->second, kColumns, items);
  return known->second;
}

void count_connections(stat_tap_table_ui* ui, Connections& own, std::uint32_t frame) {
  stat_tap_table* table = table_of(ui);
  if (table == nullptr) return;
  for (const Shown& shown : state().session->look(frame, 0))
    count_up(table, row_of(own, table, *shown.view.flow), kPackets);
}

void start(stat_tap_table_ui* ui) { start_table(tables(), ui, kColumns); }

void reset(stat_tap_table* table) { reset_table(tables(), table, kColumns); }

tap_packet_status packet(void* tapdata, packet_info* pinfo, epan_dissect_t*, const void*, tap_flags_t) {
  stat_tap_table_ui* ui = static_cast<stat_data_t*>(tapdata)->stat_tap_data;
  return count_or_wait(tables(), ui, pinfo->num, &count_connections);
}

}  // namespace

void register_connections_table() {
  static stat_tap_table_item columns[kColumns] = {
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "  Flow", "%6d"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Client               ", "%-21s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Server               ", "%-21s"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First packet", "%12d"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7d"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Client ends in", "%-14s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Server ends in", "%-14s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Close     ", "%-10s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Worst finding                 ", "%-30s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Incident", "%-8s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Where the time went", "%s"},
  };
  static stat_tap_table_ui table{};
  table.title = "TCP Autopsy/Table of connections";
  table.cli_string = "tcpautopsy_connections,stat";
  table.stat_tap_init_cb = start;
  table.packet_func = packet;
  table.stat_tap_reset_table_cb = reset;
  register_table(table, columns);
}

void count_waiting_connections() { count_waiting(tables(), &count_connections); }

}  // namespace tcpautopsy::plugin

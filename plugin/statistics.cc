#include "plugin/statistics.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "analyzer/detect/detector.h"
#include "analyzer/report/summary/summary_report.h"
#include "plugin/connections_table.h"
#include "plugin/stat_tables.h"
#include "plugin/state.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {
namespace {

// -z tcpautopsy,report
struct ReportTap {
  std::string filter;
  Waiting packets;  // of a report of some connections
};

// -z tcpautopsy_findings,stat
struct FindingsTable {
  Waiting waiting;
  std::unordered_set<const Finding*> seen;
  struct Row {
    guint number = 0;
    Severity gravest = Severity::Info;
  };
  std::map<std::string_view, Row> rows;  // by id
  bool has_unplaced = false;             // findings that name no packet
};

// -z tcpautopsy_states,tree
struct StatesTree {
  Waiting waiting;
  std::unordered_set<std::uint64_t> flows;
  int ends = 0, changes = 0, phases = 0;
};

// -z tcpautopsy_findings,tree: Wireshark gives submenus of Statistics to trees only.
struct FindingsTree {
  Waiting waiting;
  std::unordered_set<const Finding*> seen;
  int all = 0;
  bool has_unplaced = false;
};

struct Statistics {
  std::deque<ReportTap> reports;  // Wireshark never gives them back
  std::map<stat_tap_table_ui*, FindingsTable> tables;
  std::map<stats_tree*, StatesTree> trees;
  std::map<stats_tree*, FindingsTree> finding_trees;
  bool waits_for_end = false, keeps_active = false;
};

Statistics& statistics() {
  static Statistics all;
  return all;
}

// --- the report

tap_packet_status report_packet(void* tapdata, packet_info* pinfo, epan_dissect_t*, const void*,
                                tap_flags_t) {
  guarded("report", [&] {
    ReportTap& tap = *static_cast<ReportTap*>(tapdata);
    if (!tap.filter.empty()) tap.packets.push_back(pinfo->num);
  });
  return TAP_PACKET_DONT_REDRAW;
}

void report_reset(void* tapdata) { static_cast<ReportTap*>(tapdata)->packets.clear(); }

void report_draw(void* tapdata) {
  const ReportTap& tap = *static_cast<ReportTap*>(tapdata);
  guarded("report", [&] {
    if (!state().session) return;
    finish_session();
    std::unordered_set<std::uint64_t> flows;
    for (const std::uint32_t frame : tap.packets)
      if (const auto flow = state().session->flow_of(frame)) flows.insert(*flow);
    const Summary summary =
        tap.filter.empty() ? state().session->summary() : state().session->summary_of(flows);
    std::fputs(summary_text(summary, TextStyle()).c_str(), stdout);
  });
}

StatisticStarted report_start(const char* argument, void*) {
  constexpr std::string_view kName = "tcpautopsy,report,";
  ReportTap* tap = &statistics().reports.emplace_back();
  if (std::string_view(argument).starts_with(kName)) tap->filter = argument + kName.size();
  Session::Keep& keep = state().keep;
  (tap->filter.empty() ? keep.summary : keep.chosen) = true;
  if (state().session) state().session->keep_more(keep);
  GString* error =
      register_tap_listener("tcpautopsy", tap, tap->filter.empty() ? nullptr : tap->filter.c_str(), 0,
                            report_reset, report_packet, report_draw, nullptr);
  if (error != nullptr) {
    std::fprintf(stderr, "tshark: -z tcpautopsy,report: %s\n", error->str);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<StatisticStarted>) return StatisticStarted(true);
}

// --- the table of findings

enum Column : guint { kId, kSeverity, kCount, kPackets, kFirst, kTitle, kColumns };

void show_severity(stat_tap_table* table, FindingsTable::Row& row, Severity severity) {
  row.gravest = severity;
  stat_tap_table_item_type* item = stat_tap_get_field_data(table, row.number, kSeverity);
  g_free(const_cast<char*>(item->value.string_value));
  *item = text_item(name(severity));
  stat_tap_set_field_data(table, row.number, kSeverity, item);
}

guint row_of(FindingsTable& own, stat_tap_table* table, const Finding& finding, guint frame) {
  const auto known = own.rows.find(finding.id);
  if (known != own.rows.end()) {
    if (finding.severity > known->second.gravest) show_severity(table, known->second, finding.severity);
    return known->second.number;
  }
  const auto row = static_cast<guint>(own.rows.size());
  own.rows.emplace(finding.id, FindingsTable::Row{row, finding.severity});
  const Detector* detector = find_detector(finding.id);
  const stat_tap_table_item_type items[kColumns] = {
      text_item(finding.id), text_item(name(finding.severity)),
      number_item(0),        number_item(0),
      number_item(frame),    text_item(detector == nullptr ? finding.summary : detector->doc.title)};
  stat_tap_init_table_row(table, row, kColumns, items);
  return row;
}

void count_findings(stat_tap_table_ui* ui, FindingsTable& own, std::uint32_t frame) {
  stat_tap_table* table = g_array_index(ui->tables, stat_tap_table*, 0);
  if (!std::exchange(own.has_unplaced, true))
    for (const Finding& finding : state().session->book().general())
      if (finding.frames.empty()) count_up(table, row_of(own, table, finding, 0), kCount);
  if (!state().session->may_have_findings(frame)) return;
  for (const Shown& shown : state().session->look(frame, 0))
    for (const Finding* finding : shown.view.findings) {
      const guint row = row_of(own, table, *finding, frame);
      if (own.seen.insert(finding).second) count_up(table, row, kCount);
      count_up(table, row, kPackets);
    }
}

tap_packet_status findings_packet(void* tapdata, packet_info* pinfo, epan_dissect_t*, const void*,
                                  tap_flags_t) {
  stat_tap_table_ui* ui = static_cast<stat_data_t*>(tapdata)->stat_tap_data;
  return count_or_wait(statistics().tables, ui, pinfo->num, &count_findings);
}

void findings_start(stat_tap_table_ui* ui) { start_table(statistics().tables, ui, kColumns); }

void findings_reset(stat_tap_table* table) { reset_table(statistics().tables, table, kColumns); }

// --- the populations of states

void states_start(stats_tree* tree) {
  StatesTree& own = statistics().trees[tree];
  own = StatesTree();
  own.ends = stats_tree_create_pivot(tree, "Endpoints by state at the capture's end", 0);
  own.changes = stats_tree_create_pivot(tree, "Changes of state", 0);
  own.phases = stats_tree_create_pivot(tree, "Packets by phase of the connection", 0);
}

void tick(stats_tree* tree, int pivot, std::string_view text) {
  stats_tree_tick_pivot(tree, pivot, std::string(text).c_str());
}

void count_states(stats_tree* tree, StatesTree& own, std::uint32_t frame) {
  for (const Shown& shown : state().session->look(frame, 0)) {
    const FlowCard& flow = *shown.view.flow;
    tick(tree, own.phases, name(shown.view.phase));
    for (const PacketChange* change : shown.view.changes) tick(tree, own.changes, name(change->to));
    if (!own.flows.insert(flow.number).second) continue;
    for (const Side side : {Side::A, Side::B})
      if (side == Side::A || !flow.self_connection) tick(tree, own.ends, name(flow.final[index(side)]));
  }
}

tap_packet_status states_packet(stats_tree* tree, packet_info* pinfo, epan_dissect_t*, const void*,
                                tap_flags_t) {
  return count_or_wait(statistics().trees, tree, pinfo->num, &count_states);
}

void states_end(stats_tree* tree) { statistics().trees.erase(tree); }

// --- the findings as a tree, by severity

void finding_tree_start(stats_tree* tree) {
  FindingsTree& own = statistics().finding_trees[tree];
  own = FindingsTree();
  own.all = stats_tree_create_node(tree, "Findings", 0, STAT_DT_INT, TRUE);
}

void tick_finding(stats_tree* tree, FindingsTree& own, const Finding& finding) {
  if (!own.seen.insert(&finding).second) return;
  tick_stat_node(tree, "Findings", 0, FALSE);
  const int severity = tick_stat_node(tree, std::string(name(finding.severity)).c_str(), own.all, TRUE);
  tick_stat_node(tree, std::string(finding.id).c_str(), severity, FALSE);
}

void count_finding_tree(stats_tree* tree, FindingsTree& own, std::uint32_t frame) {
  if (!std::exchange(own.has_unplaced, true))
    for (const Finding& finding : state().session->book().general())
      if (finding.frames.empty()) tick_finding(tree, own, finding);
  if (!state().session->may_have_findings(frame)) return;
  for (const Shown& shown : state().session->look(frame, 0))
    for (const Finding* finding : shown.view.findings) tick_finding(tree, own, *finding);
}

tap_packet_status finding_tree_packet(stats_tree* tree, packet_info* pinfo, epan_dissect_t*, const void*,
                                      tap_flags_t) {
  return count_or_wait(statistics().finding_trees, tree, pinfo->num, &count_finding_tree);
}

void finding_tree_end(stats_tree* tree) { statistics().finding_trees.erase(tree); }

// --- the end of a capture that is read once

tap_packet_status pass_packet(void*, packet_info*, epan_dissect_t*, const void*, tap_flags_t) {
  return TAP_PACKET_DONT_REDRAW;
}

void end_draw(void*) {
  guarded("statistics", [] {
    if (!state().session) return;
    finish_session();
    count_waiting(statistics().tables, &count_findings);
    count_waiting_connections();
    count_waiting(statistics().trees, &count_states);
    count_waiting(statistics().finding_trees, &count_finding_tree);
  });
}

void register_report() {
  static tap_param parameters[] = {{PARAM_FILTER, "filter", "Filter", nullptr, TRUE}};
  static stat_tap_ui report{};
  report.group = REGISTER_STAT_GROUP_GENERIC;
  report.title = nullptr;
  report.cli_string = "tcpautopsy,report";
  report.tap_init_cb = report_start;
  report.nparams = array_length(parameters);
  report.params = parameters;
  register_stat_tap_ui(&report, nullptr);
}

void register_findings_table() {
  // tshark sets the heads no wider than they are.
  static stat_tap_table_item columns[kColumns] = {
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Finding                  ", "%-25s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Severity", "%-8s"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Count", "%5d"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7d"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First packet", "%12d"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "What it is", "%s"},
  };
  static stat_tap_table_ui table{};
  table.title = "TCP Autopsy/Table of findings";
  table.cli_string = "tcpautopsy_findings,stat";
  table.stat_tap_init_cb = findings_start;
  table.packet_func = findings_packet;
  table.stat_tap_reset_table_cb = findings_reset;
  register_table(table, columns);
}

}  // namespace

void register_statistics() {
  register_report();
  register_findings_table();
  register_connections_table();
  stats_tree_register_plugin("tcpautopsy", "tcpautopsy_states", TCPAUTOPSY_TREE_MENU("States"), 0,
                             states_packet, states_start, states_end);
  stats_tree_register_plugin("tcpautopsy", "tcpautopsy_findings", TCPAUTOPSY_TREE_MENU("Findings"), 0,
                             finding_tree_packet, finding_tree_start, finding_tree_end);
}

void keep_taps_active() {
  Statistics& all = statistics();
  if (all.keeps_active) return;
  all.keeps_active = true;
  // Without that flag tshark would dissect all packets for it, also where it need not: for -w, or -q alone.
  GString* error = register_tap_listener("frame", &all, nullptr, TL_IS_DISSECTOR_HELPER, nullptr, pass_packet,
                                         nullptr, nullptr);
  if (error != nullptr) g_string_free(error, TRUE);
}

void wait_for_end_of_capture() {
  Statistics& all = statistics();
  if (all.waits_for_end || has_window() || !have_tap_listener(state().tap)) return;
  all.waits_for_end = true;
  // The listener added last is drawn first.
  GString* error =
      register_tap_listener("tcpautopsy", &all, nullptr, 0, nullptr, pass_packet, end_draw, nullptr);
  if (error != nullptr) g_string_free(error, TRUE);
}

}  // namespace tcpautopsy::plugin

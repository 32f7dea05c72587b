#include <fmt/format.h>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/summary_words.h"
#include "analyzer/report/summary/time_tables.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kMostServices = 20, kBusiest = 20;

std::string labelled_table(const std::vector<Labelled>& lines) {
  std::string out = "| | |\n|---|---|\n";
  for (const auto& [label, text] : lines) out += fmt::format("| {} | {} |\n", label, markdown_text(text));
  return out;
}

std::string section(std::string_view title, const Table& table, const std::vector<std::size_t>& code = {}) {
  return table.empty() ? "" : fmt::format("\n## {}\n\n{}", title, table.markdown(code));
}

std::string incidents_section(const Summary& summary) {
  Table table({"incident", "severity", "verdict", "who has to act", "what to do", "connections", "look at"},
              {0, 5});
  for (const auto& [number, incident] : summary.incidents())
    table.add({std::to_string(number), std::string(name(incident.severity)), incident.verdict(),
               std::string(words(incident.where)), incident.remedy, grouped(incident.flows), incident.see});
  return section("Incidents, worst first", table, {6});
}

std::string groups_section(const Summary& summary) {
  if (const std::string nothing = nothing_examined_text(summary);
      !nothing.empty() && summary.groups().empty())
    return '\n' + nothing + ".\n";
  if (summary.groups().empty()) return "\nNothing to report: no finding on any connection.\n";
  Table table({"severity", "finding", "count", "meaning", "look at"}, {2});
  for (const FindingGroup* group : summary.groups())
    table.add({std::string(name(group->worst)), std::string(group->id), grouped(group->total),
               title_of(group->id), look_at(*group)});
  return section("Findings", table, {1, 4});
}

Table busiest_table(const Summary& summary) {
  Table table(
      {"service", "connections", "failed", "most half-open", "most in TIME-WAIT", "closes first", "outcome"},
      {1, 2, 3, 4});
  for (const ServiceRow& row : summary.services(kBusiest, 0))
    table.add({to_string(row.service), (row.whole ? "" : "about ") + grouped(row.connections),
               failure_text(row), grouped(static_cast<std::uint64_t>(row.half_open.count)),
               time_wait_text(row), closes_first_text(row), outcome_text(row)});
  return table;
}

std::string details(const Summary& summary) {
  std::string out;
  for (const FindingGroup* group : summary.groups()) {
    if (group->worst < Severity::Warning) continue;
    out += fmt::format("\n### {}: {}\n", markdown_text(group->id), markdown_text(title_of(group->id)));
    for (const KeptFinding& kept : group->kept) {
      const Finding& finding = kept.finding;
      if (finding.severity < Severity::Warning) continue;
      out += fmt::format("\n- **{}**, {} ({}, {}): {}\n", markdown_text(subject_text(kept)),
                         readable_time(finding.time_ns), name(finding.severity), name(finding.certainty),
                         markdown_text(finding.summary));
      if (!finding.evidence.empty())
        out += fmt::format("  - evidence: {}\n", markdown_text(evidence_text(finding)));
      if (!finding.frames.empty())
        out += fmt::format("  - frames {} of {}\n", frames_text(finding, 12), markdown_text(kept.file));
      out += fmt::format("  - Wireshark: `{}`\n", kept.filter);
    }
  }
  return out.empty() ? "" : "\n## Errors and warnings\n" + out;
}

}  // namespace

std::string summary_markdown(const Summary& summary) {
  std::vector<Labelled> lines = capture_words(summary);
  for (Labelled& line : outcome_words(summary)) lines.push_back(std::move(line));
  return "# TCP post-mortem\n\n" + labelled_table(lines) + incidents_section(summary) +
         groups_section(summary) + section("Services in trouble", troubled_table(summary, kMostServices)) +
         section("Busiest services", busiest_table(summary)) +
         section("Where the time of the connections went", time_totals_table(summary.times())) +
         details(summary);
}

}  // namespace tcpautopsy

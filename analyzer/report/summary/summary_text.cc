#include <fmt/format.h>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/summary_words.h"
#include "analyzer/report/summary/time_tables.h"
#include "analyzer/report/summary/timeline_text.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kMostServices = 8;
constexpr std::size_t kBusiest = 10, kSparkColumns = 16;

std::string labelled_lines(const std::vector<Labelled>& lines, const TextStyle& style) {
  std::string out;
  for (const auto& [label, text] : lines) {
    std::string part = paragraph(padded(label, 15), text, style.width);
    out += style.paint(Paint::Bold, part.substr(0, label.size())) + part.substr(label.size());
  }
  return out;
}

std::string heading(std::string_view title, const TextStyle& style) {
  return '\n' + style.paint(Paint::Bold, title) + '\n';
}

std::string incident_text(std::uint64_t number, const Incident& incident, const TextStyle& style) {
  const std::string label = fmt::format("  {:>4} {}", fmt::format("#{}", number), name(incident.severity));
  std::string out = paragraph(padded(label, 15), printable(incident.verdict()), style.width);
  out =
      style.paint(severity_paint(incident.severity), out.substr(0, label.size())) + out.substr(label.size());
  std::string counts;
  for (const auto& [id, count] : incident.findings)
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", id, grouped(count));
  const auto line = [&](std::string_view what, const std::string& text) {
    out += paragraph(std::string(15, ' ') + padded(what, 10), text, style.width);
  };
  if (!incident.example.empty()) line("why", printable(incident.example));
  line("act", std::string(words(incident.where)) + ": " + incident.remedy);
  line("when", readable_time(incident.first_ns) +
                   (incident.last_ns > incident.first_ns
                        ? ", for " + readable_span(incident.last_ns - incident.first_ns)
                        : ""));
  line("findings", counts);
  line("see", incident.see);
  return out;
}

std::string incidents_text(const Summary& summary, const TextStyle& style) {
  if (summary.incidents().empty()) return "";
  std::string out = heading("Incidents, worst first: " + incidents_count_text(summary), style);
  for (const auto& [number, incident] : summary.incidents()) out += incident_text(number, incident, style);
  if (summary.incidents_crowded())
    out += "  Causes were met at more services than are told apart: the rest is told together.\n";
  return out;
}

std::string groups_text(const Summary& summary, const TextStyle& style) {
  const auto groups = summary.groups();
  if (const std::string nothing = nothing_examined_text(summary); !nothing.empty() && groups.empty())
    return '\n' + nothing + ".\n";
  if (groups.empty()) return "\nNothing to report: no finding on any connection.\n";
  std::string out = heading("Findings: " + severities_text(summary.by_severity()), style);
  std::size_t id_width = 0, look_width = 0, title_width = 0;
  for (const FindingGroup* group : groups) {
    id_width = std::max(id_width, group->id.size());
    look_width = std::max(look_width, look_at(*group).size());
    title_width = std::max(title_width, columns(title_of(group->id)));
  }
  const std::size_t fixed = 2 + 7 + 2 + id_width + 1 + 7 + 2 + 2 + look_width;
  // Where the titles do not fit, the ids have to do: they say the same.
  const bool titles = fixed + title_width <= style.width;
  for (const FindingGroup* group : groups) {
    out += "  " + style.paint(severity_paint(group->worst), padded(name(group->worst), 7)) + "  ";
    out += padded(group->id, id_width) + ' ' + padded_left(grouped(group->total), 7) + "  ";
    if (titles) out += padded(title_of(group->id), title_width) + "  ";
    if (fixed <= style.width) out += style.paint(Paint::Cyan, look_at(*group));
    out += '\n';
  }
  return out;
}

std::string services_text(const Summary& summary, const TextStyle& style) {
  const Table table = troubled_table(summary, kMostServices);
  if (table.empty()) return "";
  return heading("Services in trouble, worst first", style) + table.text(style, 2);
}

std::string hosts_text(const Summary& summary, const TextStyle& style) {
  const auto rows = summary.services(kBusiest, kSparkColumns);
  if (rows.empty()) return "";
  const bool bars = style.bars != Bars::None;
  std::vector<std::string> header{"SERVICE",   "CONNECTIONS",  "FAILED", "HALF-OPEN",
                                  "TIME-WAIT", "CLOSES FIRST", "OUTCOME"};
  if (bars) header.insert(header.end() - 1, "LOAD OVER TIME");
  Table table(std::move(header), {1, 2, 3, 4});
  table.may_leave_out({"LOAD OVER TIME", "CLOSES FIRST", "TIME-WAIT", "HALF-OPEN", "FAILED"});
  for (const ServiceRow& row : rows) {
    std::vector<std::string> cells{
        to_string(row.service),
        (row.whole ? "" : "about ") + grouped(row.connections),
        failure_text(row),
        row.half_open.count > 0 ? grouped(static_cast<std::uint64_t>(row.half_open.count)) : "-",
        time_wait_text(row),
        closes_first_text(row),
        outcome_text(row)};
    if (bars) cells.insert(cells.end() - 1, sparkline(row.load, style.bars));
    table.add(std::move(cells));
  }
  std::string out =
      heading("Busiest services (half-open, TIME-WAIT: peak at one time)", style) + table.text(style, 2);
  const std::size_t all = summary.services_known();
  if (all > rows.size()) out += fmt::format("  and {} more\n", grouped(all - rows.size()));
  return out;
}

std::string times_text(const Summary& summary, const TextStyle& style) {
  const Table table = time_totals_table(summary.times());
  if (table.empty()) return "";
  return heading("Where the time of the connections went", style) + table.text(style, 2);
}

std::string over_time_text(const Timeline* timeline, const TextStyle& style) {
  const std::string lines = timeline == nullptr ? "" : timeline_text(*timeline, style);
  return lines.empty() ? "" : heading("Over time (UTC)", style) + lines;
}

std::string finding_text(const KeptFinding& kept, bool name_file, const TextStyle& style) {
  const Finding& finding = kept.finding;
  std::string subject = subject_text(kept) + ", " + readable_time(finding.time_ns);
  if (finding.certainty != Certainty::Certain) subject += fmt::format(" ({})", name(finding.certainty));
  std::string out = '\n' + style.paint(Paint::Bold, paragraph("  ", subject, style.width));
  out += paragraph("    ", printable(finding.summary), style.width);
  if (const std::string evidence = evidence_text(finding); !evidence.empty()) {
    out += paragraph("    evidence   ", evidence, style.width);
  }
  if (!finding.frames.empty()) {
    out +=
        paragraph("    frames     ",
                  frames_text(finding, 12) + (name_file ? " of " + printable(kept.file) : ""), style.width);
  }
  return out + "    wireshark  " + kept.filter + '\n';
}

// Every error and warning with its evidence, as many of each id as were kept.
std::string details_text(const Summary& summary, const TextStyle& style) {
  std::string out;
  const auto& captures = summary.captures();
  const bool several = captures.size() > 1 || (!captures.empty() && captures[0].files.size() > 1);
  for (const FindingGroup* group : summary.groups()) {
    std::uint64_t told = 0;
    std::string inside;
    for (const KeptFinding& kept : group->kept) {
      if (kept.finding.severity < Severity::Warning) continue;
      inside += finding_text(kept, several, style);
      ++told;
    }
    if (told == 0) continue;
    out += '\n' + style.paint(severity_paint(group->worst), name(group->worst)) + ' ' +
           style.paint(Paint::Bold, group->id) + ':' +
           (columns(name(group->worst)) + group->id.size() + columns(title_of(group->id)) + 3 > style.width
                ? "\n  "
                : " ") +
           title_of(group->id) + '\n' + inside;
    const std::uint64_t grave = group->by_severity[2] + group->by_severity[3];
    if (grave > told)
      out += fmt::format("\n  and {} more: findings --finding {}\n", grouped(grave - told), group->id);
  }
  if (out.empty()) return "";
  return heading("Errors and warnings in full", style) + out;
}

}  // namespace

std::string summary_text(const Summary& summary, const TextStyle& style, const Timeline* timeline) {
  std::string out =
      labelled_lines(capture_words(summary), style) + labelled_lines(outcome_words(summary), style);
  out += incidents_text(summary, style) + groups_text(summary, style) + over_time_text(timeline, style) +
         services_text(summary, style) + hosts_text(summary, style) + times_text(summary, style) +
         details_text(summary, style);
  if (!summary.groups().empty()) {
    out += '\n' + paragraph("",
                            "More: `tcpautopsy explain ID` tells what a finding means and what to do; "
                            "`tcpautopsy history --flow N FILE` draws a connection.",
                            style.width);
  }
  return out;
}

}  // namespace tcpautopsy

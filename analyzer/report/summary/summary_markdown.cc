#include <fmt/format.h>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/summary_words.h"
#include "analyzer/report/summary/time_tables.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kMostServices = 20, kBusiest = 20;

// Text from captures must not turn into markup: file names, tunnel names, summaries.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>|#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string labelled_table(const std::vector<Labelled>& lines) {
  std::string out = "| | |\n|---|---|\n";
  for (const auto& [label, text] : lines) out += fmt::format("| {} | {} |\n", label, escaped(text));
  return out;
}

std::string groups_table(const Summary& summary) {
  if (summary.groups().empty()) return "\nNothing to report: no finding on any connection.\n";
  std::string out =
      "\n## Findings\n\n| severity | finding | count | meaning | look at |\n|---|---|--:|---|---|\n";
  for (const FindingGroup* group : summary.groups()) {
    out += fmt::format("| {} | `{}` | {} | {} | `{}` |\n", name(group->worst), group->id,
                       grouped(group->total), escaped(title_of(group->id)), look_at(*group));
  }
  return out;
}

std::string services_table(const Summary& summary) {
  const auto troubled = summary.troubled(kMostServices);
  if (troubled.empty()) return "";
  std::string out =
      "\n## Services in trouble\n\n| service | connections | not opened | errors | warnings | what "
      "|\n|---|--:|--:|--:|--:|---|\n";
  for (const auto& [address, service] : troubled) {
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", escaped(to_string(address)),
                       grouped(service->connections), grouped(service->failed), grouped(service->errors),
                       grouped(service->warnings), escaped(ids_text(*service)));
  }
  return out;
}

std::string hosts_table(const Summary& summary) {
  const auto rows = summary.services(kBusiest, 0);
  if (rows.empty()) return "";
  std::string out =
      "\n## Busiest services\n\n| service | connections | failed | most half-open | most in TIME-WAIT | "
      "closes first "
      "| outcome |\n|---|--:|--:|--:|--:|---|---|\n";
  for (const ServiceRow& row : rows) {
    out += fmt::format("| {} | {}{} | {} | {} | {} | {} | {} |\n", escaped(to_string(row.service)),
                       row.whole ? "" : "about ", grouped(row.connections), failure_text(row),
                       grouped(static_cast<std::uint64_t>(row.half_open.count)), escaped(time_wait_text(row)),
                       closes_first_text(row), outcome_text(row));
  }
  return out;
}

std::string times_table(const Summary& summary) {
  const auto rows = time_totals_rows(summary.times());
  if (rows.empty()) return "";
  std::string out =
      "\n## Where the time of the connections went\n\n| cause | time | share | largest in | most "
      "|\n|---|--:|--:|--:|---|\n";
  for (const auto& row : rows) out += fmt::format("| {} |\n", fmt::join(row, " | "));
  return out;
}

std::string details(const Summary& summary) {
  std::string out;
  for (const FindingGroup* group : summary.groups()) {
    if (group->worst < Severity::Warning) continue;
    out += fmt::format("\n### {}: {}\n", escaped(group->id), escaped(title_of(group->id)));
    for (const KeptFinding& kept : group->kept) {
      const Finding& finding = kept.finding;
      if (finding.severity < Severity::Warning) continue;
      out += fmt::format("\n- **{}**, {} ({}, {}): {}\n", escaped(subject_text(kept)),
                         readable_time(finding.time_ns), name(finding.severity), name(finding.certainty),
                         escaped(finding.summary));
      if (!finding.evidence.empty())
        out += fmt::format("  - evidence: {}\n", escaped(evidence_text(finding)));
      if (!finding.frames.empty())
        out += fmt::format("  - frames {} of {}\n", frames_text(finding, 12), escaped(kept.file));
      out += fmt::format("  - Wireshark: `{}`\n", kept.filter);
    }
  }
  return out.empty() ? "" : "\n## Errors and warnings\n" + out;
}

}  // namespace

std::string summary_markdown(const Summary& summary) {
  std::vector<Labelled> lines = capture_words(summary);
  for (Labelled& line : outcome_words(summary)) lines.push_back(std::move(line));
  return "# TCP post-mortem\n\n" + labelled_table(lines) + groups_table(summary) + services_table(summary) +
         hosts_table(summary) + times_table(summary) + details(summary);
}

}  // namespace tcpautopsy

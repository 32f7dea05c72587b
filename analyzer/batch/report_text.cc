#include <fmt/format.h>

#include "analyzer/batch/report.h"
#include "analyzer/batch/report_incidents.h"
#include "analyzer/causes/incident.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/summary/summary_words.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy::batch {
namespace {

constexpr const char* kShownBy = "shown by";
constexpr std::size_t kLabel = 13;

using Rows = std::vector<std::vector<std::string>>;

struct Section {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::size_t> right;
  Rows rows;
  std::vector<Where> where;  // one for each row
};

std::string count(std::int64_t number) { return grouped(static_cast<std::uint64_t>(number)); }

std::string day_and_time(std::int64_t ns) { return readable_time(ns).substr(0, 19); }

std::string trend_text(const Trend& trend) {
  switch (trend.kind) {
    case Trend::Kind::None: return "";
    case Trend::Kind::New: return "new";
    case Trend::Kind::Same: return "same";
    default: break;
  }
  std::string out = fmt::format("{}, was {}", name(trend.kind), count(trend.before));
  if (!trend.before_cause.empty()) out += " of " + trend.before_cause;
  if (!trend.before_severity.empty()) out += fmt::format(" as {}", trend.before_severity);
  return out;
}

std::string where_text(const Where& where) {
  if (where.file.empty()) return "";
  std::string text = printable(where.file);
  if (where.flow) text += fmt::format(", flow {}", *where.flow);
  if (where.frame) text += fmt::format(", frame {}", *where.frame);
  return text;
}

// The same with the command, which names the file unless that is a piece of a set.
std::string seen_text(const Where& where) {
  if (where.file.empty()) return "";
  std::string text = where.command.find(where.file) == std::string::npos ? where.file : "";
  if (where.frame) text += fmt::format("{}frame {}", text.empty() ? "" : ", ", *where.frame);
  return printable(text + (text.empty() ? "" : ": ") + where.command);
}

std::string changes_in_words(const Report& r) {
  std::string words;
  for (const auto kind : {Trend::Kind::New, Trend::Kind::Worse, Trend::Kind::Gone, Trend::Kind::Better})
    if (const auto at = r.changed.find(kind); at != r.changed.end())
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count(at->second), name(kind));
  return words.empty() ? "no change" : words + " (kinds of finding, each at one service)";
}

std::vector<std::string> head(const Report& r) {
  std::vector<std::string> lines{
      fmt::format("Store        {}", printable(r.store)),
      fmt::format("Read         {} in {}: {} packets, {} of them TCP",
                  plural(static_cast<std::uint64_t>(r.files), "file", "files"),
                  plural(static_cast<std::uint64_t>(r.units), "capture", "captures"), count(r.packets),
                  count(r.tcp_packets))};
  if (r.first_ns)
    lines.push_back(
        fmt::format("Span         {} to {} UTC", day_and_time(*r.first_ns), day_and_time(*r.last_ns)));
  lines.push_back(fmt::format("Connections  {}", count(r.flows)));
  lines.push_back("Findings     " + severities_text(r.by_level));
  if (r.broken_files > 0)
    lines.push_back(
        fmt::format("Broken       {}", plural(static_cast<std::uint64_t>(r.broken_files), "file", "files")));
  if (!r.baseline.empty())
    lines.push_back(fmt::format("Against      {}: {}", printable(r.baseline), changes_in_words(r)));
  return lines;
}

std::string incidents_title(const Report& r) {
  std::string levels;
  for (std::size_t level = r.incidents_by_level.size(); level-- > 1;) {
    if (r.incidents_by_level[level] == 0) continue;
    const std::string one(name(static_cast<Severity>(level)));
    levels += (levels.empty() ? "" : ", ") + plural(r.incidents_by_level[level], one, one + "s");
  }
  return "Incidents, worst first: " + levels;
}

std::string actor_words(const IncidentLine& line) {
  for (int i = 0; i <= static_cast<int>(Actor::Unknown); ++i)
    if (name(static_cast<Actor>(i)) == line.actor) return std::string(words(static_cast<Actor>(i)));
  return line.actor;
}

// What is wrong; how much of it, and who has to act; since when, and the trend; how to see one.
std::string incident_text(const IncidentLine& line, const TextStyle& style) {
  constexpr std::size_t kIndent = 11;
  const std::string label = "  " + line.severity, indent(kIndent, ' ');
  const Paint paint = severity_paint(static_cast<Severity>(line.level));
  std::string out = paragraph(padded(label, kIndent), printable(line.headline), style.width);
  out = style.paint(paint, out.substr(0, label.size())) + out.substr(label.size());
  const std::string cost = cost_text(line), trend = trend_text(line.trend);
  out += paragraph(indent, extent_text(line) + (cost.empty() ? "" : " | " + cost) + " | " + actor_words(line),
                   style.width);
  out += paragraph(indent,
                   fmt::format("{} to {} UTC", day_and_time(line.first_ns), day_and_time(line.last_ns)) +
                       (trend.empty() ? "" : " | " + trend),
                   style.width);
  if (!line.explained_by.empty())
    out +=
        paragraph(indent, "explained by " + line.explained_by + ", seen then in other captures", style.width);
  // Not broken, so that it can be copied.
  return out + indent + printable(line.where.command) + "\n";
}

std::string left_out_text(const Report& r) {
  const std::uint64_t left = incidents_left_out(r);
  return left == 0 ? "" : fmt::format("{} more: --limit {}", grouped(left), left + r.incidents.size());
}

std::string incidents_text(const Report& r, const TextStyle& style) {
  if (r.incidents.empty() && incidents_left_out(r) == 0) return "";
  std::string out = "\n" + style.paint(Paint::Bold, incidents_title(r)) + "\n";
  for (const IncidentLine& line : r.incidents) out += incident_text(line, style);
  const std::string left = left_out_text(r);
  return left.empty() ? out : out + "  " + left + "\n";
}

std::string incidents_markdown(const Report& r) {
  if (r.incidents.empty() && incidents_left_out(r) == 0) return "";
  Table table({"severity", "what is wrong", "explained by", "who has to act", "what to do", "how many",
               "failed", "reset", "time lost", "first", "last", "trend", "seen in", kShownBy},
              {5, 6, 7, 8});
  for (const IncidentLine& line : r.incidents)
    table.add({line.severity, line.headline, line.explained_by, actor_words(line), line.remedy,
               count(line.incidents), count(line.failed), count(line.reset), readable_span(line.lost_ns),
               day_and_time(line.first_ns), day_and_time(line.last_ns), trend_text(line.trend),
               where_text(line.where), line.where.command});
  const std::string left = left_out_text(r);
  return "\n## " + incidents_title(r) + "\n\n" + table.markdown({13}) +
         (left.empty() ? "" : "\n" + left + "\n");
}

Section findings_section(const Report& r) {
  Section s{"By finding",
            {"severity", "finding", "how many", "services", "first seen", "last seen", "trend"},
            {2, 3},
            {},
            {}};
  for (const FindingLine& line : r.findings) {
    s.rows.push_back({line.severity, line.id, count(line.findings), count(line.services),
                      day_and_time(line.first_ns), day_and_time(line.last_ns), trend_text(line.trend)});
    s.where.push_back(line.where);
  }
  return s;
}

Section places_section(const std::string& title, const std::string& what,
                       const std::vector<PlaceLine>& places, bool opened) {
  Section s{title, {what, "connections"}, {1}, {}, {}};
  if (opened) s.header.push_back("not opened");
  s.header.insert(s.header.end(), {"errors", "warnings", "since", "trend", "what"});
  for (std::size_t i = 2; i < (opened ? 5U : 4U); ++i) s.right.push_back(i);
  for (const PlaceLine& line : places) {
    std::vector<std::string> row{line.place, count(line.connections)};
    if (opened) row.push_back(count(line.not_opened));
    row.insert(row.end(), {count(line.errors), count(line.warnings), day_and_time(line.first_ns),
                           trend_text(line.trend), line.ids});
    s.rows.push_back(std::move(row));
    s.where.push_back(line.where);
  }
  return s;
}

Section times_section(const Report& r) {
  Section s{r.by_day ? "By day" : "By hour",
            {"time (UTC)", "connections", "errors", "warnings", "notes"},
            {1, 2, 3, 4},
            {},
            {}};
  for (const TimeLine& line : r.times) {
    s.rows.push_back(
        {line.time, count(line.connections), count(line.errors), count(line.warnings), count(line.notes)});
    s.where.push_back(line.where);
  }
  return s;
}

Section changes_section(const Report& r) {
  Section s{
      "Against the baseline", {"change", "severity", "finding", "service", "before", "now"}, {4, 5}, {}, {}};
  for (const Change& change : r.changes) {
    s.rows.push_back({std::string(name(change.kind)), change.severity, change.id, change.place,
                      count(change.before), count(change.now)});
    s.where.push_back(change.where);
  }
  return s;
}

Section broken_section(const Report& r) {
  Section s{"Broken files", {"file", "why"}, {}, {}, {}};
  for (const BrokenLine& line : r.broken) {
    s.rows.push_back({printable(line.file), printable(line.error)});
    s.where.emplace_back();
  }
  return s;
}

std::vector<Section> sections(const Report& r) {
  std::vector<Section> all;
  if (!r.baseline.empty()) all.push_back(changes_section(r));
  all.push_back(findings_section(r));
  all.push_back(places_section("Services in trouble, worst first", "service", r.services, true));
  all.push_back(places_section("Hosts in trouble, worst first", "host", r.hosts, false));
  all.push_back(times_section(r));
  all.push_back(broken_section(r));
  std::erase_if(all, [](const Section& s) { return s.rows.empty(); });
  return all;
}

// A column that is empty in all rows tells nothing.
void drop_empty_columns(Section& s) {
  for (std::size_t column = s.header.size(); column-- > 0;) {
    bool any = false;
    for (const auto& row : s.rows) any = any || !row[column].empty();
    if (any) continue;
    s.header.erase(s.header.begin() + static_cast<std::ptrdiff_t>(column));
    for (auto& row : s.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
    for (std::size_t& right : s.right) right -= right > column ? 1 : 0;
  }
}

Table table_of(const Section& s) {
  Table table(s.header, s.right);
  for (const auto& row : s.rows) table.add(row);
  return table;
}

// Commands stand beside the rows, or below them where the width is limited: they are to be copied whole.
std::string section_text(Section s, const TextStyle& style) {
  if (style.width == 0) {
    s.header.emplace_back("see");
    for (std::size_t i = 0; i < s.rows.size(); ++i) s.rows[i].push_back(seen_text(s.where[i]));
  }
  drop_empty_columns(s);
  Table table(s.header, s.right);
  table.may_leave_out({"last seen", "notes", "services", "first seen", "since", "not opened", "connections",
                       "before", "warnings"});
  for (std::size_t i = 0; i < s.rows.size(); ++i)
    table.add(s.rows[i], style.width == 0 ? "" : seen_text(s.where[i]));
  return table.text(style, 2);
}

}  // namespace

std::string report_text(const Report& report, const TextStyle& style) {
  std::string out;
  // The values of the head stand behind labels of one width.
  for (const std::string& line : head(report))
    out +=
        style.keeps_width ? paragraph(line.substr(0, kLabel), line.substr(kLabel), style.width) : line + "\n";
  out += incidents_text(report, style);
  for (Section& s : sections(report)) {
    out += "\n" + style.paint(Paint::Bold, s.title) + "\n";
    out += section_text(std::move(s), in_full(style));
  }
  return out;
}

std::string report_markdown(const Report& report) {
  std::string out = "# TCP post-mortem\n\n```\n";
  for (const std::string& line : head(report)) out += line + "\n";
  out += "```\n" + incidents_markdown(report);
  for (Section& s : sections(report)) {
    s.header.insert(s.header.end(), {"seen in", kShownBy});
    for (std::size_t i = 0; i < s.rows.size(); ++i) {
      s.rows[i].push_back(where_text(s.where[i]));
      s.rows[i].push_back(s.where[i].command);
    }
    drop_empty_columns(s);
    std::vector<std::size_t> code;
    if (s.header.back() == kShownBy) code.push_back(s.header.size() - 1);
    out += "\n## " + s.title + "\n\n" + table_of(s).markdown(code);
  }
  return out;
}

}  // namespace tcpautopsy::batch

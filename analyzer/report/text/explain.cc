#include "analyzer/report/text/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/example_ladder.h"

namespace tcpautopsy {
namespace {

struct Section {
  std::string_view heading, key, text;
};

std::array<Section, 9> sections(const Doc& doc) {
  return {{{"What happened", "what", doc.what},
           {"Said when", "said_when", doc.said_when},
           {"How the packets show it", "how_known", doc.how_known},
           {"Usual causes, likeliest first", "causes", doc.causes},
           {"How to confirm it on the hosts", "confirm", doc.confirm},
           {"What to change, and what that costs", "remedy", doc.remedy},
           {"Advice often given that is wrong", "bad_advice", doc.bad_advice},
           {"Specification", "rfc", doc.rfc},
           {"Wireshark calls it", "wireshark", doc.wireshark}}};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

// Calls `each` with every paragraph; an empty line parts two.
template <class F>
void paragraphs(std::string_view text, F each) {
  while (!text.empty()) {
    const std::size_t gap = std::min(text.find("\n\n"), text.size());
    if (const std::string_view one = trimmed(text.substr(0, gap)); !one.empty()) each(one);
    text.remove_prefix(std::min(gap + 2, text.size()));
  }
}

// The script's lines without the margin they share in the source.
std::vector<std::string> script_lines(std::string_view script) {
  std::vector<std::string> lines;
  std::size_t margin = std::string_view::npos;
  while (!script.empty()) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    std::string line(script.substr(0, end));
    script.remove_prefix(std::min(end + 1, script.size()));
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty()) margin = std::min(margin, line.find_first_not_of(' '));
    if (!line.empty() || !lines.empty()) lines.push_back(std::move(line));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (std::string& line : lines) line.erase(0, std::min(margin, line.size()));
  return lines;
}

// "syn_flood.min_half_open = 200 (100 by default): half-open attempts at once"
std::string threshold_text(const Detector& detector, const Threshold& threshold,
                           const Thresholds& thresholds) {
  const double value = thresholds.of(detector.doc.id, threshold);
  const std::string unit = threshold.unit.empty() ? "" : fmt::format(" {}", threshold.unit);
  std::string out = fmt::format("{}.{} = {:g}{}", detector.doc.id, threshold.name, value, unit);
  if (value != threshold.value) out += fmt::format(" ({:g}{} by default)", threshold.value, unit);
  return out + fmt::format(": {}", threshold.meaning);
}

constexpr std::string_view kThresholdsHeading = "Thresholds in force (--set ID.NAME=VALUE)";

std::string example_heading(const Example& example) {
  return fmt::format("{}: {}", example.near_miss ? "Not this" : "Example", example.title);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string explain_text(const Detector& detector, const Thresholds& thresholds, const TextStyle& style,
                         bool examples) {
  const Doc& doc = detector.doc;
  std::string out = fmt::format("{}  {}\n{}\n", style.paint(Paint::Bold, doc.id),
                                style.paint(severity_paint(doc.severity), name(doc.severity)), doc.title);
  for (const Section& section : sections(doc)) {
    if (trimmed(section.text).empty()) continue;
    out += '\n' + style.paint(Paint::Bold, section.heading) + '\n';
    bool first = true;
    paragraphs(section.text, [&](std::string_view one) {
      if (!first) out += '\n';
      first = false;
      out += paragraph("  ", one, style.width);
    });
  }
  if (!detector.thresholds.empty()) out += '\n' + style.paint(Paint::Bold, kThresholdsHeading) + '\n';
  for (const Threshold& threshold : detector.thresholds)
    out += paragraph("  ", threshold_text(detector, threshold, thresholds), style.width);
  if (!examples) return out;
  for (const Example& example : detector.examples) {
    out += '\n' + style.paint(Paint::Bold, paragraph("", example_heading(example), style.width));
    for (const std::string& line : example_ladder(example.script, doc.id, style.width)) out += line + '\n';
  }
  return out;
}

std::string explain_markdown(const Detector& detector, const Thresholds& thresholds, bool examples) {
  const Doc& doc = detector.doc;
  std::string out =
      fmt::format("## {}\n\n**{}** ({}, {})\n", doc.id, doc.title, name(doc.severity), name(doc.scope));
  for (const Section& section : sections(doc)) {
    if (trimmed(section.text).empty()) continue;
    out += fmt::format("\n### {}\n", section.heading);
    paragraphs(section.text, [&](std::string_view one) { out += '\n' + paragraph("", one, 120); });
  }
  if (!detector.thresholds.empty()) out += fmt::format("\n### {}\n\n", kThresholdsHeading);
  for (const Threshold& threshold : detector.thresholds)
    out += fmt::format("- {}\n", threshold_text(detector, threshold, thresholds));
  if (!examples) return out;
  for (const Example& example : detector.examples) {
    out += fmt::format("\n### {}\n\n```\n", example_heading(example));
    for (const std::string& line : example_ladder(example.script, doc.id, 100)) out += line + '\n';
    out += "```\n";
  }
  return out;
}

std::string explain_json(const Detector& detector, const Thresholds& thresholds) {
  const Doc& doc = detector.doc;
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.field("schema", 1);
  w.field("id", doc.id);
  w.field("title", doc.title);
  w.field("severity", name(doc.severity));
  w.field("scope", name(doc.scope));
  w.field("phase", doc.phase);
  for (const Section& section : sections(doc)) w.field(section.key, trimmed(section.text));
  w.key("thresholds");
  w.begin_array();
  for (const Threshold& threshold : detector.thresholds) {
    w.begin_object();
    w.field("setting", fmt::format("{}.{}", doc.id, threshold.name));
    w.field("value", thresholds.of(doc.id, threshold));
    w.field("default", threshold.value);
    w.field("unit", threshold.unit);
    w.field("meaning", threshold.meaning);
    w.end_object();
  }
  w.end_array();
  w.key("examples");
  w.begin_array();
  for (const Example& example : detector.examples) {
    w.begin_object();
    w.field("title", example.title);
    w.field("near_miss", example.near_miss);
    w.field("script", fmt::format("{}\n", fmt::join(script_lines(example.script), "\n")));
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

std::string explain_list(const std::vector<const Detector*>& detectors, const TextStyle& style) {
  std::size_t widest = 0;
  for (const Detector* d : detectors) widest = std::max(widest, d->doc.id.size());
  std::string out;
  std::string_view phase;
  for (const Detector* d : detectors) {
    if (d->doc.phase != phase) {
      out += (phase.empty() ? "" : "\n") + style.paint(Paint::Bold, d->doc.phase) + '\n';
      phase = d->doc.phase;
    }
    out += table_row({padded(d->doc.id, widest), padded(name(d->doc.severity), 7), std::string(d->doc.title)},
                     2, style.width) +
           '\n';
  }
  return out + "\n`tcpautopsy explain ID` tells more of one.\n";
}

std::vector<std::string_view> near_words(std::string_view wrong, const std::vector<std::string_view>& known) {
  std::vector<std::pair<std::size_t, std::string_view>> scored;
  for (const std::string_view word : known) {
    const bool part = wrong.size() >= 3 && word.find(wrong) != std::string_view::npos;
    const std::size_t distance = part ? 0 : edit_distance(wrong, word);
    if (distance < word.size() && distance <= std::max<std::size_t>(2, word.size() / 3))
      scored.emplace_back(distance, word);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<std::string_view> near;
  for (const auto& [distance, word] : scored)
    if (near.size() < 5) near.push_back(word);
  return near;
}

std::vector<std::string_view> near_matches(std::string_view wrong,
                                           const std::vector<const Detector*>& detectors) {
  std::vector<std::string_view> ids;
  for (const Detector* d : detectors) ids.push_back(d->doc.id);
  return near_words(wrong, ids);
}

}  // namespace tcpautopsy

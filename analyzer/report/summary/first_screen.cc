#include <fmt/format.h>

#include <algorithm>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/summary_words.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

using Lines = std::vector<std::string>;

void append(Lines& lines, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

constexpr std::string_view kHardSpace = "\u00a0";

// No line ends at a space within `part`, which `soft()` makes one again.
std::string unbroken(std::string text, std::string_view part) {
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;) {
    std::string hard;
    for (const char c : part) hard += c == ' ' ? std::string(kHardSpace) : std::string(1, c);
    text.replace(at, part.size(), hard);
    at += hard.size();
  }
  return text;
}

std::string soft(std::string text) {
  for (std::size_t at = 0; (at = text.find(kHardSpace, at)) != std::string::npos;)
    text.replace(at, kHardSpace.size(), " ");
  return text;
}

Lines head(const Summary& summary, const TextStyle& style) {
  Lines lines;
  for (const auto& [label, text] : short_words(summary)) {
    const std::string part = soft(paragraph(padded(label, 13), unbroken(text, " UTC"), style.width));
    append(lines, style.paint(Paint::Bold, part.substr(0, label.size())) + part.substr(label.size()));
  }
  lines.emplace_back();
  return lines;
}

// `whole`: with how long it went on, where no time was lost.
std::string short_cost(const Incident& incident, bool whole) {
  const Impact& impact = incident.impact;
  const TimeNs lasted = incident.last_ns - incident.first_ns;
  std::string out;
  const auto say = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (impact.connections_failed > 0) say(grouped(impact.connections_failed) + " failed");
  if (impact.connections_reset > 0) say(grouped(impact.connections_reset) + " reset");
  if (impact.time_lost_ns > 0) say(readable_span(impact.time_lost_ns) + " lost");
  if (whole && impact.time_lost_ns == 0 && lasted >= kSecond) say("over " + readable_span(lasted));
  return out;
}

// What it cost, who has to act and where to look: the command, which is to be copied, on one line.
std::string where_to_look(const Incident& incident, std::size_t width) {
  const auto put = [&](bool whole, std::string_view actor) {
    const std::string cost = short_cost(incident, whole);
    return fmt::format("{}{}{} | {}", cost, cost.empty() ? "" : " | ", actor, incident.see);
  };
  const std::string actor(words(incident.where));
  std::string text = put(true, actor);
  const auto fits = [&] { return width == 0 || columns(text) <= width; };
  if (!fits()) text = put(false, actor);
  if (const std::size_t at = actor.find("application"); !fits() && at != std::string::npos)
    text = put(false, std::string_view(actor).substr(0, at + 3));
  return unbroken(std::move(text), incident.see);
}

std::string short_parentheses_whole(std::string text) {
  constexpr std::size_t kShort = 16;
  for (std::size_t at = 0; (at = text.find('(', at)) != std::string::npos; ++at) {
    const std::size_t end = text.find(')', at);
    if (end != std::string::npos && end - at < kShort) text = unbroken(text, text.substr(at, end + 1 - at));
  }
  return text;
}

// What is wrong; then what it cost, who has to act and where to look.
Lines told(std::uint64_t number, const Incident& incident, const TextStyle& style) {
  constexpr std::size_t kIndent = 11;
  Lines lines;
  const std::string label = fmt::format("{:>2} {}", number, name(incident.severity));
  const std::string text = soft(paragraph(
      padded(label + ' ', kIndent), short_parentheses_whole(printable(incident.headline)), style.width));
  append(lines, style.paint(severity_paint(incident.severity), text.substr(0, label.size())) +
                    text.substr(label.size()));
  const std::size_t room = style.width - std::min<std::size_t>(style.width, kIndent);
  append(lines, soft(paragraph(std::string(kIndent, ' '), where_to_look(incident, room), style.width)));
  return lines;
}

Lines foot(std::size_t left, const Summary& summary, const TextStyle& style) {
  const std::uint64_t infos = summary.by_severity()[0];
  std::string text = "Left out: ";
  if (left > 0) text += plural(left, "incident", "incidents") + ", ";
  if (infos > 0) text += plural(infos, "info finding", "info findings") + ", ";
  Lines lines;
  append(lines, paragraph("", text + "services, times: report --all", style.width));
  return lines;
}

std::string heading(const Summary& summary, const TextStyle& style) {
  const std::size_t count = summary.incidents().size();
  if (count == 1) return style.paint(Paint::Bold, "1 incident");
  return style.paint(Paint::Bold,
                     grouped(count) + " incidents, worst first: " + incidents_count_text(summary));
}

// As many as fit, but one at least. Returns how many are left out.
std::size_t add_incidents(Lines& out, const Summary& summary, const TextStyle& style, std::size_t most) {
  std::size_t left = summary.incidents().size();
  out.push_back(heading(summary, style));
  for (const auto& [number, incident] : summary.incidents()) {
    const Lines more = told(number, incident, style);
    const bool first = left == summary.incidents().size();
    if (!first && out.size() + more.size() + foot(left - 1, summary, style).size() > most) break;
    out.insert(out.end(), more.begin(), more.end());
    --left;
  }
  return left;
}

}  // namespace

std::string first_screen(const Summary& summary, const TextStyle& style, std::size_t lines) {
  Lines out = head(summary, style);
  const std::string nothing = nothing_examined_text(summary);
  Lines end;
  if (!nothing.empty()) {
    append(end, paragraph("", nothing + ".", style.width));
  } else if (summary.incidents().empty()) {
    out.emplace_back("No error, warning or note.");
    end = foot(0, summary, style);
  } else {
    end = foot(add_incidents(out, summary, style, lines), summary, style);
  }
  if (nothing.empty() && out.size() + end.size() < lines) out.emplace_back();
  out.insert(out.end(), end.begin(), end.end());
  return fmt::format("{}\n", fmt::join(out, "\n"));
}

}  // namespace tcpautopsy

#include "analyzer/report/json/finding_lines.h"

#include <algorithm>
#include <type_traits>

#include "analyzer/report/json/csv_writer.h"
#include "analyzer/report/text/display_filter.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

template <class W>
void write_evidence_value(W& w, const EvidenceValue& value) {
  std::visit(
      [&](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::vector<std::int64_t>>) {
          w.begin_array();
          for (const std::int64_t number : held) w.value(number);
          w.end_array();
        } else {
          w.value(held);
        }
      },
      value);
}

// What a finding names differs from id to id, so a CSV cell holds it as JSON.
void write_evidence(CsvWriter& w, const Finding& finding) {
  std::string text;
  JsonWriter inner(text);
  write_evidence(inner, finding);
  w.value(text);
}

template <class W>
void write_frames(W& w, const Finding& finding, const Origin& origin) {
  const std::vector<FrameRef> shown = shown_frames(finding.frames);
  w.key("frames");
  w.begin_array();
  for (const FrameRef& frame : shown) w.value(frame.number);
  w.end_array();
  w.field("frames_total", finding.frames.size() + finding.frames_left_out);
  // Frame numbers count from 1 in each file, so those of a finding that spans files need theirs named.
  const bool abroad =
      std::any_of(shown.begin(), shown.end(), [&](const FrameRef& f) { return f.file != shown[0].file; });
  w.key("frame_files");
  if (!abroad) return w.null();
  w.begin_array();
  for (const FrameRef& frame : shown) w.value(origin.file(frame));
  w.end_array();
}

template <class W>
void write_subject(W& w, const FindingView& view) {
  const Finding& finding = view.finding;
  w.field("schema", 1);
  w.word_field("id", finding.id);
  w.word_field("severity", name(finding.severity));
  w.word_field("scope", name(finding.scope));
  w.field("flow", finding.flow);
  w.key("host");
  if (finding.host)
    w.value(to_string(*finding.host));
  else
    w.null();
  w.field("port", finding.port);
  w.field("endpoint", finding_endpoint(view));
  const bool of_host = finding.scope == Scope::Host;
  w.field("flows", of_host ? std::optional(finding.flows) : std::nullopt);
  w.key("sample_flows");
  if (!of_host) return w.null();
  w.begin_array();
  for (const std::uint64_t flow : finding.sample_flows) w.value(flow);
  w.end_array();
}

template <class W>
void write_all(W& w, const FindingView& view, const Origin& origin) {
  const Finding& finding = view.finding;
  w.begin_object();
  write_subject(w, view);
  w.word_field("time", rfc3339(finding.time_ns));
  w.field("time_ns", finding.time_ns);
  w.field("end_ns", finding.end_ns);
  w.field("count", finding.count);
  w.key("file");
  if (!finding.frames.empty())
    w.value(origin.file(finding.frames.front()));
  else if (view.trace != nullptr)
    w.value(origin.file(view.trace->first));
  else
    w.null();
  write_frames(w, finding, origin);
  w.word_field("certainty", name(finding.certainty));
  w.field("summary", finding.summary);
  w.key("evidence");
  write_evidence(w, finding);
  w.field("filter", finding_filter(finding, view.trace));
  w.key("part_of");
  if (finding.part_of.empty())
    w.null();
  else
    w.value(finding.part_of);
  w.end_object();
}

void append_big_endian(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFF);
}

bool ends_in(std::string_view text, std::string_view tail) {
  return text.size() > tail.size() && text.substr(text.size() - tail.size()) == tail;
}

std::string value_text(std::string_view key, const EvidenceValue& value) {
  const auto number = [&](std::int64_t n) {
    if (ends_in(key, "_at_ns")) return readable_time(n);
    if (ends_in(key, "_ns")) return readable_span(n);
    return n < 0 ? std::to_string(n) : grouped(static_cast<std::uint64_t>(n));
  };
  if (const auto* n = std::get_if<std::int64_t>(&value)) return number(*n);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "yes" : "no";
  if (const auto* text = std::get_if<std::string>(&value)) return printable(*text);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:.3g}", *real);
  const auto& list = std::get<std::vector<std::int64_t>>(value);
  std::string out;
  constexpr std::size_t most = 12;
  for (std::size_t i = 0; i < list.size() && i < most; ++i) out += (i > 0 ? ", " : "") + number(list[i]);
  if (list.size() > most) out += fmt::format(", .. ({} in all)", list.size());
  return out;
}

}  // namespace

void write_evidence(JsonWriter& w, const Finding& finding) {
  w.begin_object();
  for (const auto& [key, value] : finding.evidence) {
    w.key(key);
    write_evidence_value(w, value);
  }
  w.end_object();
}

std::optional<std::string_view> finding_endpoint(const FindingView& view) {
  if (!view.finding.side || view.trace == nullptr) return std::nullopt;
  return endpoint_name(*view.trace, *view.finding.side);
}

void write_finding(JsonWriter& out, const FindingView& view, const Origin& origin) {
  write_all(out, view, origin);
}

void append_finding_json(std::string& out, const FindingView& view, const Origin& origin) {
  JsonWriter writer(out);
  write_all(writer, view, origin);
}

void append_finding_csv(std::string& out, const FindingView& view, const Origin& origin) {
  CsvWriter writer(out, CsvWriter::Line::Values);
  write_all(writer, view, origin);
}

std::string finding_csv_header() {
  std::string out;
  CsvWriter writer(out, CsvWriter::Line::Header);
  write_all(writer, FindingView{Finding{}, nullptr}, Origin{{}, no_encapsulation()});
  return out + ",incident";
}

void make_part_of_json(std::string& line, std::string_view host_finding) {
  constexpr std::string_view kSeverity = "\"severity\":\"", kNone = "null}";
  const std::size_t word = line.find(kSeverity) + kSeverity.size();
  line.replace(word, line.find('"', word) - word, name(Severity::Info));
  line.replace(line.size() - kNone.size(), kNone.size(), fmt::format("\"{}\"}}", host_finding));
}

void make_part_of_csv(std::string& line, std::string_view host_finding) {
  // schema,id,severity, ... ,part_of: words without quotes.
  const std::size_t word = line.find(',', line.find(',') + 1) + 1;
  line.replace(word, line.find(',', word) - word, name(Severity::Info));
  line += host_finding;
}

void append_incident_json(std::string& line, std::optional<std::uint64_t> incident) {
  line.pop_back();
  line += incident ? fmt::format(",\"incident\":{}}}", *incident) : ",\"incident\":null}";
}

void append_incident_csv(std::string& line, std::optional<std::uint64_t> incident) {
  line += ',';
  if (incident) line += std::to_string(*incident);
}

std::vector<std::string> finding_table_header() {
  return {"SEVERITY", "INCIDENT", "FINDING", "FLOW", "TIME", "ENDPOINT", "COUNT", "SUMMARY"};
}

std::vector<std::string> finding_table_row(const FindingView& view) {
  const Finding& finding = view.finding;
  std::string where = finding.flow ? std::to_string(*finding.flow) : "-";
  if (finding.host)
    where = to_string(*finding.host) + (finding.port ? fmt::format(":{}", *finding.port) : "");
  return {std::string(name(finding.severity)),
          "",
          std::string(finding.id),
          std::move(where),
          readable_time(finding.time_ns).substr(11, 12),
          std::string(finding_endpoint(view).value_or("-")),
          grouped(finding.count),
          printable(finding.summary)};
}

std::string finding_order(const FindingView& view) {
  const Finding& finding = view.finding;
  std::string key;
  // Flipping the sign bit makes two's complement sort as octets.
  append_big_endian(key, static_cast<std::uint64_t>(finding.time_ns) ^ (std::uint64_t{1} << 63));
  append_big_endian(key, finding.flow.value_or(~std::uint64_t{0}));
  key.append(finding.id).append(1, '\0').append(finding_endpoint(view).value_or("~"));
  if (finding.host) key.append(to_string(*finding.host));
  append_big_endian(key, finding.port.value_or(0));
  return key;
}

std::string evidence_text(const Finding& finding) {
  std::string out;
  for (const auto& [key, value] : finding.evidence) {
    const std::string text = value_text(key, value);
    if (text.empty()) continue;
    std::string words(ends_in(key, "_ns") ? key.substr(0, key.size() - 3) : key);
    for (char& c : words)
      if (c == '_') c = ' ';
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", words, text);
  }
  return out;
}

std::string frames_text(const Finding& finding, std::size_t most) {
  std::string out;
  const std::size_t count = finding.frames.size();
  for (std::size_t i = 0; i < count && i < most; ++i) {
    out += (i > 0 ? ", " : "") + std::to_string(finding.frames[i].number);
  }
  if (count > most) out += fmt::format(" .. {} ({} in all)", finding.frames.back().number, grouped(count));
  return out;
}

Paint severity_paint(Severity severity) {
  switch (severity) {
    case Severity::Error: return Paint::Red;
    case Severity::Warning: return Paint::Yellow;
    case Severity::Note: return Paint::Cyan;
    case Severity::Info: return Paint::Dim;
  }
  return Paint::Plain;
}

}  // namespace tcpautopsy

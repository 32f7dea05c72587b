#include "analyzer/report/html/page_book.h"

#include <fmt/format.h>

#include "analyzer/report/html/flow_detail.h"
#include "analyzer/report/html/page_asset.h"
#include "analyzer/report/html/script_safe.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/summary_words.h"

namespace tcpautopsy {
namespace {

// Whether a connection is worth its ladder, and by which cause it is known.
std::optional<std::uint32_t> cause_of(std::span<const CauseTicket> tickets) {
  for (const CauseTicket& ticket : tickets)
    if (ticket.cause != CauseTicket::kNone) return ticket.cause;
  return std::nullopt;
}

std::uint64_t octets_of(const FlowTrace& trace) {
  return trace.facts(Side::A).payload_bytes + trace.facts(Side::B).payload_bytes;
}

class Document {
 public:
  explicit Document(const PageBook::Put& put) : put_(put) { put_(page_before_data()); }

  // A piece of JSON.
  void json(std::string_view text) {
    scratch_.clear();
    append_script_safe(scratch_, text);
    put_(scratch_);
  }
  void field(std::string_view name, std::string_view value) {
    json(fmt::format("{}\"{}\":", first_ ? "{" : ",", name));
    first_ = false;
    json(value);
  }
  template <class F>
  void member(std::string_view name, F write) {
    std::string text;
    {
      JsonWriter w(text);
      write(w);
    }
    field(name, text);
  }
  void end() {
    json("}");
    put_(page_after_data());
  }

 private:
  const PageBook::Put& put_;
  std::string scratch_;
  bool first_ = true;
};

void write_labelled(JsonWriter& w, const std::vector<Labelled>& all) {
  w.begin_array();
  for (const auto& [label, text] : all) {
    w.begin_array();
    w.value(label);
    w.value(text);
    w.end_array();
  }
  w.end_array();
}

void write_details(Document& page, const std::map<std::uint64_t, std::string>& details) {
  std::string all = "{";
  for (const auto& [number, detail] : details)
    all += fmt::format("{}\"{}\":{}", all.size() > 1 ? "," : "", number, detail);
  page.field("details", all + "}");
}

}  // namespace

void PageBook::segment(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
  const SeriesPoint& point = series_.add(flow, sender, segment, frame);
  timeline_.segment(frame.time_ns, segment.wire_length, point.resent);
}

void PageBook::add(const FlowResult& flow, const Origin& origin, std::span<const CauseTicket> tickets,
                   const Summary::Wanted& wanted) {
  const FlowTrace& trace = flow.history.trace;
  const std::optional<SegmentSeries> series = series_.take(trace.number);
  timeline_.flow(flow.history, flow.history.capture_end_ns);
  flows_.add(flow);
  for (std::size_t i = 0; i < flow.findings.size(); ++i) {
    const Finding& finding = flow.findings[i];
    if (wanted && !wanted(finding)) continue;
    findings_.add(finding, finding_endpoint({finding, &trace}).value_or(""),
                  tickets.empty() ? CauseTicket{} : tickets[i]);
  }
  details_.offer(trace.number, cause_of(tickets), octets_of(trace),
                 [&] { return flow_detail(flow, origin, series ? &*series : nullptr, kLadderRows); });
}

void PageBook::add(const CaptureOverview& capture) {
  findings_.settle(capture.parts, flows_);
  for (std::size_t i = 0; i < capture.findings.size(); ++i)
    findings_.add(capture.findings[i], "", capture.tickets[i]);
}

void PageBook::write(const Put& put, const Summary& summary, const CauseBook& causes) {
  Document page(put);
  page.field("schema", "1");
  page.field("kind", "\"report\"");
  page.field("report", summary_json(summary));
  page.member("short", [&](JsonWriter& w) { write_labelled(w, short_words(summary)); });
  page.member("capture", [&](JsonWriter& w) { write_labelled(w, capture_words(summary)); });
  page.member("outcome", [&](JsonWriter& w) { write_labelled(w, outcome_words(summary)); });
  page.member("timeline", [&](JsonWriter& w) { timeline_.write(w); });
  page.member("flows", [&](JsonWriter& w) { flows_.write(w); });
  page.member("findings", [&](JsonWriter& w) { findings_.write(w, causes); });
  write_details(page, details_.release());
  page.end();
}

void write_history_page(const PageBook::Put& put, const FlowResult& flow, const Origin& origin,
                        const SegmentSeries* series) {
  constexpr std::size_t kLadderRows = 5000;
  Document page(put);
  page.field("schema", "1");
  page.field("kind", "\"history\"");
  write_details(page, {{flow.history.trace.number, flow_detail(flow, origin, series, kLadderRows)}});
  page.end();
}

}  // namespace tcpautopsy

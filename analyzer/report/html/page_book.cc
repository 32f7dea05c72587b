#include "analyzer/report/html/page_book.h"

#include <fmt/format.h>

#include "analyzer/report/html/flow_detail.h"
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

void write_details(PageDocument& page, const std::map<std::uint64_t, std::string>& details) {
  std::string all = "{";
  for (const auto& [number, detail] : details)
    all += fmt::format("{}\"{}\":{}", all.size() > 1 ? "," : "", number, detail);
  page.member("details", all + "}");
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

void PageBook::write(const PageDocument::Put& put, const Summary& summary, const CauseBook& causes) {
  PageDocument page(put, "report");
  page.member("report", summary_json(summary));
  page.written("nothing_examined", [&](JsonWriter& w) { w.value(nothing_examined_text(summary)); });
  page.written("short", [&](JsonWriter& w) { write_labelled(w, short_words(summary)); });
  page.written("capture", [&](JsonWriter& w) { write_labelled(w, capture_words(summary)); });
  page.written("outcome", [&](JsonWriter& w) { write_labelled(w, outcome_words(summary)); });
  page.written("timeline", [&](JsonWriter& w) { timeline_.write(w); });
  page.written("flows", [&](JsonWriter& w) { flows_.write(w); });
  page.written("findings", [&](JsonWriter& w) { findings_.write(w, causes); });
  write_details(page, details_.release());
  page.end();
}

void write_history_page(const PageDocument::Put& put, const FlowResult& flow, const Origin& origin,
                        const SegmentSeries* series) {
  constexpr std::size_t kLadderRows = 5000;
  PageDocument page(put, "history");
  write_details(page, {{flow.history.trace.number, flow_detail(flow, origin, series, kLadderRows)}});
  page.end();
}

}  // namespace tcpautopsy

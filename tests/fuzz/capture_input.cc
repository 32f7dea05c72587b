#include "capture_input.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "analyzer/analysis/analysis.h"
#include "analyzer/capture/annotated_copy.h"
#include "analyzer/capture/capture_source.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/report/html/page_book.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/ladder/packet_book.h"
#include "analyzer/report/summary/summary.h"
#include "analyzer/report/summary/summary_report.h"
#include "file_on_disk.h"
#include "memory_source.h"

namespace tcpautopsy::fuzz {
namespace {

void check(const FlowResult& flow, std::uint64_t packets) {
  const FlowHistory& h = flow.history;
  promise(h.beliefs.size() == h.records().size() && h.deliveries.size() == h.records().size(),
          "one belief and one delivery a record");
  for (const Belief& belief : h.beliefs)
    for (const Side side : {Side::A, Side::B})
      promise(belief.kept[index(side)].within(belief.live[index(side)]), "the backward pass never widens");
  PerSide<std::uint64_t> latest{};
  for (const Transition& t : h.transitions) {
    if (!t.frame) continue;
    promise(t.frame->number >= latest[index(t.side)], "frames of an end's transitions do not go back");
    latest[index(t.side)] = t.frame->number;
  }
  for (const Finding& finding : flow.findings)
    for (const FrameRef& frame : finding.frames)
      promise(frame.number >= 1 && frame.number <= packets, "a finding names packets of the capture");
}

// Every kind of output of one connection and of the capture.
struct Outputs {
  std::vector<std::string> files{"capture"};
  Encapsulation none;
  Origin origin{files, none};
  std::string out;
  Summary summary;
  CauseBook causes;
  PacketBook book;
  PageBook page;

  void take(const FlowResult& flow) {
    out.clear();
    append_flow_json(out, flow, origin);
    append_flow_csv(out, flow, origin);
    for (const Finding& finding : flow.findings) {
      append_finding_json(out, {finding, &flow.history.trace}, origin);
      append_finding_csv(out, {finding, &flow.history.trace}, origin);
    }
    out += ladder_text(flow, origin, {}, {.full = true});
    out += ladder_json(flow, origin) + ladder_svg(flow, origin) + ladder_mermaid(flow, origin);
    summary.add(flow, origin);
    const std::span<const CauseTicket> tickets = causes.note(flow);
    for (const CauseTicket& ticket : tickets) causes.choose(ticket);
    page.add(flow, origin, tickets, {});
    book.add(flow);
    if (flow.history.trace.number == 0)
      write_history_page([this](std::string_view piece) { out += piece; }, flow, origin, nullptr);
  }

  void finish(Analysis& analysis, const CaptureInfo& info) {
    CaptureOverview capture;
    capture.files = {info};
    capture.decoded = analysis.decoded();
    capture.facts = analysis.facts();
    capture.limits = analysis.limits();
    capture.findings = analysis.capture_findings();
    capture.end_ns = analysis.capture_end_ns();
    capture.parts = PartOf(capture.findings);
    for (const Finding& finding : capture.findings)
      causes.choose(capture.tickets.emplace_back(causes.note(finding)));
    page.add(capture);
    capture.hosts = analysis.release_hosts();
    causes.conclude();
    summary.set_incidents(causes);
    summary.add(std::move(capture), files);
    out = first_screen(summary, {}) + summary_text(summary, {}) + summary_markdown(summary) +
          summary_json(summary);
    page.write([this](std::string_view piece) { out += piece; }, summary, causes);
  }
};

// A copy with comments has the same packets, and is whole.
void check_copy(Bytes file, const CaptureSource& source) {
  const FileOnDisk disk("capture", file);
  const auto damaged_at =
      source.damage() ? std::optional<std::uint64_t>(source.damage()->offset) : std::nullopt;
  CopyComments comments;
  comments.section = "a report";
  comments.packet = [](std::uint64_t number, std::vector<std::string>& of_packet) {
    if (number % 3 == 0) of_packet.push_back("frame " + std::to_string(number));
  };
  std::string copy;
  const Copied copied =
      copy_with_comments(disk.path(), nullptr, damaged_at, comments, [&](std::string_view s) { copy += s; });
  promise(copied.packets == source.info().packets, "a copy has all packets");
  const Bytes octets(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size());
  const auto again = CaptureSource::open("copy", std::make_unique<MemorySource>(octets), "");
  for (Frame frame; again->next(frame);) {
  }
  promise(again->info().packets == copied.packets && !again->damage(), "a copy is whole");
}

}  // namespace

std::size_t analyse_input(Bytes file) {
  const auto source = CaptureSource::open("capture", std::make_unique<MemorySource>(file), "");
  Outputs outputs;
  std::size_t flows = 0;
  AnalysisOptions options;
  options.keep_all = [](std::uint64_t flow) { return flow % 2 == 0; };
  options.on_segment = [&](std::uint64_t flow, Side sender, const TcpSegment& segment,
                           const FrameRef& frame) { outputs.page.segment(flow, sender, segment, frame); };
  Analysis analysis(options, [&](const FlowResult& flow) {
    ++flows;
    check(flow, source->info().packets);
    outputs.take(flow);
  });
  for (Frame frame; source->next(frame);) analysis.add(frame, 0);
  if (const auto end = stated_end({source->info()})) analysis.set_capture_end(*end);
  analysis.finish();
  outputs.finish(analysis, source->info());
  check_copy(file, *source);
  return flows;
}

}  // namespace tcpautopsy::fuzz

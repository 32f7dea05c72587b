#include <optional>

#include "analyzer/report/html/page_book.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/traffic_book.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {

int run_report(const Options& options) {
  CaptureRun capture(options);
  Summary summary(options.limit, !options.selection.wants_all());
  CauseBook causes;
  std::optional<PageBook> page;
  if (options.format == "html") page.emplace();
  std::optional<TrafficBook> traffic;
  // Of what else is selected it is not known while its segments come.
  const bool known = options.selection.wants_all() || options.selection.by_number_only();
  if (options.format == "text" && options.all && known) traffic.emplace();
  Handlers handlers;
  handlers.hosts = true;
  handlers.causes = &causes;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    const auto wanted = [&](const Finding& f) { return options.selection.wants(f, context.capture_start); };
    summary.add(flow, context.origin, wanted);
    if (page) page->add(flow, context.origin, context.tickets, wanted);
    if (traffic) traffic->add(flow.history);
  };
  if (page || traffic) {
    handlers.left_out = [&](std::uint64_t flow) {
      if (page) page->leave_out(flow);
      if (traffic) traffic->leave_out(flow);
    };
    handlers.segment = [&](std::uint64_t flow, Side sender, const TcpSegment& segment,
                           const FrameRef& frame) {
      if (!options.selection.wants_number(flow)) return;
      if (page) page->segment(flow, sender, segment, frame);
      if (traffic) traffic->segment(flow, sender, segment, frame);
    };
  }
  handlers.part = [&](const PartCandidate& part) {
    summary.demote(part.detector->doc.id, part.severity, part.flow, part.wanted_as_part);
  };
  handlers.capture = [&](CaptureOverview& overview, TimeNs) {
    if (page) page->add(overview);
    summary.add(std::move(overview), options.files);
  };
  capture.run(handlers);
  if (!capture.read_something()) return capture.exit_status();
  summary.set_incidents(causes);
  Output out(options);
  if (page)
    page->write([&](std::string_view piece) { out.write(piece); }, summary, causes);
  else if (options.format == "json")
    out.write(summary_json(summary));
  else if (options.format == "markdown")
    out.write(summary_markdown(summary));
  else if (options.all)
    out.write(summary_text(summary, text_style(options, out), traffic ? &traffic->timeline() : nullptr));
  else
    out.write(first_screen(summary, text_style(options, out)));
  out.close();
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

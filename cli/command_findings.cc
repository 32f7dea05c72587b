#include "analyzer/report/json/finding_lines.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/line_sink.h"
#include "cli/notes.h"
#include "cli/pending_parts.h"

namespace tcpautopsy::cli {

int run_findings(const Options& options) {
  CaptureRun capture(options);
  // Count, incident, endpoint, time, severity, flow.
  LineSink sink(options, finding_table_header(), {1, 3, 6}, {6, 1, 5, 4, 0, 3});
  if (options.format == "csv") sink.header(finding_csv_header());
  std::string scratch;
  CauseBook causes;
  PendingParts pending(options, causes);
  const bool at_once = options.unordered;  // the incident is not known yet
  const auto put_finding = [&](const FindingView& view, const Origin& origin, const CauseTicket& ticket,
                               TimeNs capture_start) {
    put(
        sink, options.format, finding_order(view), scratch,
        [&](std::string& out) {
          append_finding_json(out, view, origin);
          if (at_once) append_incident_json(out, std::nullopt);
        },
        [&](std::string& out) {
          append_finding_csv(out, view, origin);
          if (at_once) append_incident_csv(out, std::nullopt);
        },
        [&] { return finding_table_row(view); },
        pending.tail(view.finding, view.trace, ticket, capture_start));
  };
  Handlers handlers;
  handlers.hosts = true;
  if (!at_once) handlers.causes = &causes;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    for (std::size_t i = 0; i < flow.findings.size(); ++i) {
      if (!options.selection.wants(flow.findings[i], context.capture_start)) continue;
      put_finding({flow.findings[i], &flow.history.trace}, context.origin,
                  context.tickets.empty() ? CauseTicket{} : context.tickets[i], context.capture_start);
    }
  };
  handlers.capture = [&](CaptureOverview& overview, TimeNs capture_start) {
    for (std::size_t i = 0; i < overview.findings.size(); ++i)
      put_finding({overview.findings[i], nullptr}, {options.files, no_encapsulation()}, overview.tickets[i],
                  capture_start);
    pending.settle(std::move(overview.parts));
    note_what_was_not_read(options, overview);
  };
  capture.run(handlers);
  if (!capture.read_something()) return capture.exit_status();
  sink.finish([&](std::string& line) { return pending.tell(line); });
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

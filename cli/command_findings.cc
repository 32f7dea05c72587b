#include "analyzer/report/json/finding_lines.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/line_sink.h"
#include "cli/notes.h"
#include "cli/pending_parts.h"

namespace tcpautopsy::cli {

int run_findings(const Options& options) {
  CaptureRun capture(options);
  LineSink sink(options, finding_table_header(), {2, 5});
  if (options.format == "csv") sink.header(finding_csv_header());
  std::string scratch;
  PendingParts pending(options);
  const auto put_finding = [&](const FindingView& view, const Origin& origin, TimeNs capture_start) {
    put(
        sink, options.format, finding_order(view), scratch,
        [&](std::string& out) { append_finding_json(out, view, origin); },
        [&](std::string& out) { append_finding_csv(out, view, origin); },
        [&] { return finding_table_row(view); }, pending.tail(view.finding, view.trace, capture_start));
  };
  Handlers handlers;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    for (const Finding& finding : flow.findings) {
      if (!options.selection.wants(finding, context.capture_start)) continue;
      put_finding({finding, &flow.history.trace}, context.origin, context.capture_start);
    }
  };
  handlers.capture = [&](CaptureOverview& overview, TimeNs capture_start) {
    for (const Finding& finding : overview.findings)
      put_finding({finding, nullptr}, {options.files, no_encapsulation()}, capture_start);
    pending.settle(std::move(overview.parts));
    note_what_was_not_read(options, overview);
  };
  capture.run(handlers);
  if (!capture.read_something()) return capture.exit_status();
  sink.finish([&](std::string& line) { return pending.tell(line); });
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

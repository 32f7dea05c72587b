#include "analyzer/report/finding_lines.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/line_sink.h"
#include "cli/notes.h"

namespace tcpautopsy::cli {

int run_findings(const Options& options) {
  CaptureRun capture(options);
  LineSink sink(options, finding_table_header(), {2, 5});
  if (options.format == "csv") sink.header(finding_csv_header());
  std::string scratch;
  const auto put_finding = [&](const FindingView& view, const Origin& origin) {
    put(
        sink, options.format, finding_order(view), scratch,
        [&](std::string& out) { append_finding_json(out, view, origin); },
        [&](std::string& out) { append_finding_csv(out, view, origin); },
        [&] { return finding_table_row(view); });
  };
  Handlers handlers;
  handlers.flow = [&](FlowResult&& flow, const FlowContext& context) {
    for (const Finding& finding : flow.findings) {
      if (!options.selection.wants(finding, context.capture_start)) continue;
      put_finding({finding, &flow.history.trace}, context.origin);
    }
  };
  handlers.capture = [&](const CaptureOverview& overview, TimeNs) {
    for (const Finding& finding : overview.findings)
      put_finding({finding, nullptr}, {options.files, no_encapsulation()});
    note_what_was_not_read(options, overview);
  };
  capture.run(handlers);
  sink.finish();
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

#include "analyzer/report/summary/summary_report.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {

int run_report(const Options& options) {
  CaptureRun capture(options);
  Summary summary(options.limit, !options.selection.wants_all());
  CauseBook causes;
  Handlers handlers;
  handlers.causes = &causes;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    summary.add(flow, context.origin,
                [&](const Finding& f) { return options.selection.wants(f, context.capture_start); });
  };
  handlers.part = [&](const PartCandidate& part) {
    summary.demote(part.detector->doc.id, part.severity, part.flow, part.wanted_as_part);
  };
  handlers.capture = [&](CaptureOverview& overview, TimeNs) {
    summary.add(std::move(overview), options.files);
  };
  capture.run(handlers);
  if (!capture.read_something()) return capture.exit_status();
  summary.set_incidents(causes);
  Output out(options);
  if (options.format == "json")
    out.write(summary_json(summary));
  else if (options.format == "markdown")
    out.write(summary_markdown(summary));
  else if (options.all)
    out.write(summary_text(summary, text_style(options, out)));
  else
    out.write(first_screen(summary, text_style(options, out)));
  out.close();
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

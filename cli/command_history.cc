#include <fmt/format.h>

#include "analyzer/report/ladder/ladder.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sorted_spool.h"

namespace tcpautopsy::cli {

namespace {

// The flow is there, but not what else was asked for.
std::string left_out_text(const Selection& selection) {
  if (selection.findings().empty())
    return "what --flow names is in the capture, but another option leaves it out";
  return fmt::format("what --flow names is in the capture, but has no finding {}",
                     fmt::join(selection.findings(), ", "));
}

}  // namespace

int run_history(const Options& options) {
  if (!options.selection.names_flows())
    throw UsageError{"history needs --flow N; `tcpautopsy flows FILE` lists them"};
  CaptureRun capture(options);
  Output out(options.output);
  SortedSpool spool;
  const TextStyle style = text_style(options, out);
  bool found = false;
  Handlers handlers;
  handlers.keep_selected_whole = true;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    found = true;
    spool.add(SortedSpool::number_key(flow.history.trace.number),
              options.format == "ndjson"
                  ? ladder_json(flow, context.origin) + '\n'
                  : ladder_text(flow, context.origin, style, {options.full, options.turns}));
  };
  capture.run(handlers);
  if (!found) {
    if (capture.read_something())
      say(options.selection.names_some_below(capture.flows()) ? left_out_text(options.selection)
                                                              : no_such_flow(capture.flows()));
    return capture.nothing_found();
  }
  bool first = true;
  spool.drain([&](std::string_view text) {
    if (!first && options.format == "text") out.write("\n");
    first = false;
    out.write(text);
  });
  out.close();
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

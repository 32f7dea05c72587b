#include <fmt/format.h>

#include "analyzer/capture/sorted_spool.h"
#include "analyzer/report/ladder/ladder.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {

namespace {

// The flow is there, but not what else was asked for.
std::string left_out_text(const Selection& selection) {
  if (selection.findings().empty())
    return "what --flow names is in the capture, but another option leaves it out";
  return fmt::format("what --flow names is in the capture, but has no finding {}",
                     fmt::join(selection.findings(), ", "));
}

std::string drawn(const FlowResult& flow, const FlowContext& context, const Options& options,
                  const TextStyle& style) {
  if (options.format == "ndjson") return ladder_json(flow, context.origin) + '\n';
  if (options.format == "svg") return ladder_svg(flow, context.origin);
  if (options.format == "mermaid") return ladder_mermaid(flow, context.origin);
  return ladder_text(flow, context.origin, style, {options.full, options.turns});
}

}  // namespace

int run_history(const Options& options) {
  if (!options.selection.names_flows())
    throw UsageError{"history needs --flow N; `tcpautopsy flows FILE` lists them"};
  CaptureRun capture(options);
  Output out(options);
  SortedSpool spool;
  const TextStyle style = text_style(options, out);
  std::size_t found = 0;
  Handlers handlers;
  handlers.keep_selected_whole = true;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    ++found;
    spool.add(SortedSpool::number_key(flow.history.trace.number), drawn(flow, context, options, style));
  };
  capture.run(handlers);
  if (found == 0) {
    if (capture.read_something())
      say(options.selection.names_some_below(capture.flows()) ? left_out_text(options.selection)
                                                              : no_such_flow(capture.flows()));
    return capture.nothing_found();
  }
  if (found > 1 && (options.format == "svg" || options.format == "mermaid"))
    throw UsageError{fmt::format("--format {} draws one connection, not {}", options.format, found)};
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

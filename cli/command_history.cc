#include <fmt/format.h>

#include <string_view>

#include "analyzer/capture/sorted_spool.h"
#include "analyzer/report/html/page_book.h"
#include "analyzer/report/html/series_shelf.h"
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

// Such a file shows one connection.
bool draws_one(std::string_view format) { return format == "svg" || format == "mermaid" || format == "html"; }

std::string page_of(const FlowResult& flow, const FlowContext& context, SeriesShelf& shelf) {
  const auto series = shelf.take(flow.history.trace.number);
  std::string page;
  write_history_page([&](std::string_view piece) { page += piece; }, flow, context.origin,
                     series ? &*series : nullptr);
  return page;
}

std::string drawn(const FlowResult& flow, const FlowContext& context, const Options& options,
                  const TextStyle& style, SeriesShelf& shelf) {
  if (options.format == "html") return page_of(flow, context, shelf);
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
  constexpr std::size_t kPoints = 30'000, kPointsTogether = 1'000'000;
  SeriesShelf shelf(kPoints, kPointsTogether);
  Handlers handlers;
  handlers.keep_selected_whole = true;
  handlers.peer_words = options.format == "ndjson";
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    ++found;
    spool.add(SortedSpool::number_key(flow.history.trace.number),
              drawn(flow, context, options, style, shelf));
  };
  if (options.format == "html") {
    handlers.left_out = [&](std::uint64_t flow) { shelf.take(flow); };
    handlers.segment = [&](std::uint64_t flow, Side sender, const TcpSegment& segment,
                           const FrameRef& frame) {
      if (options.selection.wants_number(flow)) shelf.add(flow, sender, segment, frame);
    };
  }
  capture.run(handlers);
  if (found == 0) {
    if (capture.read_something())
      say(options.selection.names_some_below(capture.flows()) ? left_out_text(options.selection)
                                                              : no_such_flow(capture.flows()));
    return capture.nothing_found();
  }
  if (found > 1 && draws_one(options.format))
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

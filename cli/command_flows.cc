#include "analyzer/report/json/flow_lines.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/line_sink.h"
#include "cli/notes.h"

namespace tcpautopsy::cli {

int run_flows(const Options& options) {
  CaptureRun capture(options);
  // Bytes, packets, start, how long, handshake, client, server.
  LineSink sink(options, flow_table_header(), {0, 4, 5, 6}, {6, 5, 1, 4, 7, 2, 3});
  if (options.format == "csv") sink.header(flow_csv_header());
  std::string scratch;
  Handlers handlers;
  handlers.peer_words = options.format != "table";
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    put(
        sink, options.format, SortedSpool::number_key(flow.history.trace.number), scratch,
        [&](std::string& out) { append_flow_json(out, flow, context.origin); },
        [&](std::string& out) { append_flow_csv(out, flow, context.origin); },
        [&] { return flow_table_row(flow); });
  };
  handlers.in_order = [&] { sink.begin_in_order(); };
  handlers.capture = [&](const CaptureOverview& overview, TimeNs) {
    sink.end_in_order();
    note_what_was_not_read(options, overview);
  };
  capture.run(handlers);
  if (!capture.read_something()) return capture.exit_status();
  sink.finish();
  if (options.format == "table" && !options.quiet && capture.flows() == 0) say("note: no TCP connection");
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

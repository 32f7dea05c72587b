#include <limits>

#include "analyzer/report/socket_table.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/line_sink.h"

namespace tcpautopsy::cli {
namespace {

// Flows end before the capture does, so "end" is not known yet when their rows are made; every change of
// state is before it.
TimeNs moment(const Options& options, const FlowHistory& history, TimeNs capture_start) {
  if (options.at->kind == TimeSpec::Kind::End) return history.capture_end_ns;
  return options.at->resolve(capture_start, 0);
}

void note_outside(const Options& options, const CaptureRun& capture, TimeNs at) {
  if (options.quiet || capture.flows() == 0 || at <= capture.capture_end_ns()) return;
  say("note: the capture ends before that time; states are as at its end (--capture-end moves it)");
}

void print_counts(const Options& options, const SocketCounts& counts, TimeNs at) {
  Output out(options.output);
  if (options.format == "ndjson")
    out.write(counts.ndjson(at));
  else if (options.format == "csv")
    out.write(counts.csv());
  else
    out.write(counts.text(text_style(options, out)));
  out.close();
}

}  // namespace

int run_ss(const Options& options) {
  if (!options.at)
    throw UsageError{"ss needs --at TIME: 2024-05-01T10:00:00Z, epoch seconds, +SECONDS or end"};
  CaptureRun capture(options);
  LineSink sink(options, socket_table_header(), {3, 5});
  if (options.format == "csv" && !options.count) sink.header(socket_csv_header());
  SocketCounts counts;
  TimeNs at = 0;
  std::string scratch;
  Handlers handlers;
  handlers.flow = [&](FlowResult&& flow, const FlowContext& context) {
    at = moment(options, flow.history, context.capture_start);
    for (const SocketRow& row : sockets_at(flow.history, at)) {
      if (!options.states.wants(row.state)) continue;
      if (options.count) {
        counts.add(row);
        continue;
      }
      put(
          sink, options.format, SortedSpool::number_key(row.flow), scratch,
          [&](std::string& out) { append_socket_json(out, row, at); },
          [&](std::string& out) { append_socket_csv(out, row, at); },
          [&] { return socket_table_row(row, at); });
    }
  };
  capture.run(handlers);
  if (options.at->kind == TimeSpec::Kind::End) at = capture.capture_end_ns();
  if (options.count && capture.read_something())
    print_counts(options, counts, at);
  else
    sink.finish();
  note_outside(options, capture, at);
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

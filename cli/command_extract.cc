#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "analyzer/capture/pcapng_writer.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

void check(const Options& options) {
  const Selection& wanted = options.selection;
  if (options.output.empty()) throw UsageError{"extract needs -o FILE (- for standard output)"};
  if (wanted.wants_all())
    throw UsageError{"extract needs --flow N, or --host, --port, --finding, --severity, --since, --until"};
  const bool once = std::find(options.files.begin(), options.files.end(), "-") != options.files.end();
  if (once && !wanted.by_number_only())
    throw UsageError{"standard input can be read once only: choose its flows by --flow"};
}

// Which flows are wanted, where numbers alone do not tell: a pass over the files of its own.
std::unordered_set<std::uint64_t> chosen_flows(const Options& options) {
  std::unordered_set<std::uint64_t> chosen;
  CaptureRun first_pass(options);
  Handlers handlers;
  handlers.flow = [&](const FlowResult& flow, const FlowContext&) {
    chosen.insert(flow.history.trace.number);
  };
  first_pass.run(handlers);
  return chosen;
}

}  // namespace

int run_extract(const Options& options) {
  check(options);
  const bool by_number = options.selection.by_number_only();
  const auto chosen = by_number ? std::unordered_set<std::uint64_t>{} : chosen_flows(options);
  Output out(options.output);
  std::string blocks;
  PcapngWriter writer(blocks);
  std::uint64_t written = 0;
  CaptureRun capture(options);
  Handlers handlers;
  handlers.frame = [&](const Frame& frame, std::uint32_t rank, std::optional<std::uint64_t> flow) {
    if (!flow || !(by_number ? options.selection.wants_number(*flow) : chosen.contains(*flow))) return;
    writer.write(frame, rank);
    out.write(blocks);
    blocks.clear();
    ++written;
  };
  capture.run(handlers);
  if (written == 0) {
    if (capture.read_something()) say("no packet belongs to the flows asked for; nothing was written");
    return capture.nothing_found();
  }
  out.close();
  if (!options.quiet)
    say(fmt::format("{} written to {}", plural(written, "packet", "packets"), options.output));
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli

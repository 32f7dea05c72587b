// A connection of the web profile once it is over: what became of it, what is found, its line.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <utility>

#include "analyzer/analysis/service_book.h"
#include "analyzer/flow/flow_table.h"
#include "analyzer/infer/historian.h"
#include "analyzer/report/json/flow_lines.h"
#include "tests/bench/capture_writer.h"

namespace tcpautopsy::bench {
namespace {

constexpr TimeNs kCaptureEnd = 1'700'000'120 * kSecond;
constexpr std::size_t kPackets = 26;  // as the connections of the profile have on average

EndedFlow end_of(const Traffic& traffic) {
  EndedFlow ended;
  FlowTable table({}, [&](FinishedFlow&& flow) { ended = flow.end(); });
  std::uint64_t number = 0;
  for (const Packet& packet : traffic.packets)
    table.add(segment_of(packet, traffic.connections[packet.connection]),
              FrameRef{0, ++number, packet.time_ns});
  table.finish();
  return ended;
}

const EndedFlow& typical_flow() {
  static const EndedFlow flow = [] {
    std::uint64_t seed = 1;
    while (web_connection(seed).packets.size() != kPackets) ++seed;
    return end_of(web_connection(seed));
  }();
  return flow;
}

// With a copy of the flow, which is given away; none was seen before.
void infer_anew(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(infer_history(typical_flow(), {}, kCaptureEnd));
}
BENCHMARK(infer_anew);

// As one of many that are alike.
void infer(benchmark::State& state) {
  Historian historian;
  for (auto _ : state) {
    FlowHistory history = historian.conclude(EndedFlow(typical_flow()), nullptr, {}, kCaptureEnd);
    benchmark::DoNotOptimize(history);
    historian.reuse(std::move(history));
  }
}
BENCHMARK(infer);

void detect(benchmark::State& state) {
  const FlowHistory history = infer_history(typical_flow(), {}, kCaptureEnd);
  ServiceBook services;
  services.note(EndedConnection(history.trace, history, history.transfer.get()));
  for (auto _ : state)
    benchmark::DoNotOptimize(examine({history.trace, history, history.transfer.get(), services}));
}
BENCHMARK(detect);

void write_json_line(benchmark::State& state) {
  const FlowResult flow{infer_history(typical_flow(), {}, kCaptureEnd), {}};
  const std::vector<std::string> files{"capture.pcap"};
  const Origin origin{files, no_encapsulation()};
  std::string line;
  for (auto _ : state) {
    line.clear();
    append_flow_json(line, flow, origin);
    benchmark::DoNotOptimize(line.data());
  }
}
BENCHMARK(write_json_line);

}  // namespace
}  // namespace tcpautopsy::bench

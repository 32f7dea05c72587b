// A frame to a segment.
#include <benchmark/benchmark.h>

#include "analyzer/decode/decoder.h"
#include "tests/bench/capture_writer.h"

namespace tcpautopsy::bench {
namespace {

constexpr int kEthernet = 1;

// An ACK with timestamps, and so many octets of data.
void decode_segment(benchmark::State& state) {
  Packet packet;
  packet.seq = packet.ack = 1;
  packet.flags = kAck;
  packet.payload = static_cast<std::uint16_t>(state.range(0));
  const std::vector<std::uint8_t> octets = frame_of(packet, web_connection(1).connections[0]);
  Frame frame;
  frame.link_type = kEthernet;
  frame.bytes = octets;
  frame.wire_length = static_cast<std::uint32_t>(octets.size());
  Decoder decoder;
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(frame));
  if (decoder.counts().tcp == 0) state.SkipWithError("not decoded");
}
BENCHMARK(decode_segment)->Arg(0)->Arg(100)->Arg(Conversation::kMss);

}  // namespace
}  // namespace tcpautopsy::bench

// Segments to connections.
#include "analyzer/flow/flow_table.h"

#include <benchmark/benchmark.h>

#include "tests/bench/capture_writer.h"

namespace tcpautopsy::bench {
namespace {

// A capture that never ends.
class Feed {
 public:
  Feed() : table_({}, [](FinishedFlow&& flow) { flow.end(); }) {}

  // The next packet, `step_ns` after the one before.
  void add(TcpSegment& segment, TimeNs step_ns) {
    segment.ip_id = ++count_ & 0xFFFFU;
    time_ns_ += step_ns;
    table_.add(segment, FrameRef{0, count_, time_ns_});
  }

 private:
  FlowTable table_;
  TimeNs time_ns_ = 1'700'000'000 * kSecond;
  std::uint32_t count_ = 0;
};

// Two data segments and their ACK on each connection in turn.
class Talk {
 public:
  explicit Talk(std::uint16_t port) {
    Packet packet;
    packet.flags = kSyn;
    connection_.client = {IpAddress::v4(kClient.data()), port};
    connection_.server = {IpAddress::v4(kServer.data()), 80};
    data_ = segment_of(packet, connection_);
    packet.from = End::Server;
    packet.flags = kSyn | kAck;
    packet.ack = 1;
    ack_ = segment_of(packet, connection_);
  }
  void open(Feed& feed) {
    feed.add(data_, kStep);
    feed.add(ack_, kStep);
    Packet packet;
    packet.flags = kAck;
    packet.seq = packet.ack = 1;
    packet.payload = Conversation::kMss;
    data_ = segment_of(packet, connection_);
    packet.payload = 0;
    packet.from = End::Server;
    ack_ = segment_of(packet, connection_);
  }
  void go_on(Feed& feed) {
    for (int i = 0; i < 2; ++i) {
      feed.add(data_, kStep);
      data_.seq = data_.seq + Conversation::kMss;
    }
    ack_.ack = data_.seq;
    feed.add(ack_, kStep);
  }

 private:
  static constexpr std::array<std::uint8_t, 4> kClient{10, 0, 0, 1}, kServer{10, 0, 0, 2};
  static constexpr TimeNs kStep = 100'000;

  Connection connection_;
  TcpSegment data_, ack_;
};

void add_data_segment(benchmark::State& state) {
  Feed feed;
  std::vector<Talk> talks;
  for (std::uint16_t port = 0; port < state.range(0); ++port) {
    talks.emplace_back(static_cast<std::uint16_t>(40'000 + port));
    talks.back().open(feed);
  }
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(3 * talks.size())))
    for (Talk& talk : talks) talk.go_on(feed);
}
BENCHMARK(add_data_segment)->Arg(1)->Arg(1'000);

// Each SYN is a connection that is given up in time: a steady number of them is alive.
void add_new_flow(benchmark::State& state) {
  constexpr TimeNs kStep = 10 * kMillisecond;
  Feed feed;
  Packet packet;
  packet.flags = kSyn;
  TcpSegment syn = segment_of(packet, web_connection(1).connections[0]);
  std::uint32_t number = 0;
  for (auto _ : state) {
    ++number;
    for (std::size_t i = 0; i < 4; ++i)
      syn.source.ip.octets[12 + i] = static_cast<std::uint8_t>(number >> 8 * i);
    feed.add(syn, kStep);
  }
}
BENCHMARK(add_new_flow);

}  // namespace
}  // namespace tcpautopsy::bench

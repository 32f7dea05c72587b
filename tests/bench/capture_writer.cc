#include "tests/bench/capture_writer.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

#include "tests/bench/random.h"
#include "tests/support/packet_encoder.h"

namespace tcpautopsy::bench {
namespace {

constexpr std::size_t kPattern = 65'536;
constexpr std::uint8_t kWindowScale = 7;

// Octets as of something encrypted.
const std::vector<std::uint8_t>& pattern() {
  static const std::vector<std::uint8_t> octets = [] {
    std::vector<std::uint8_t> made(kPattern + Conversation::kMss);
    Random random(1);
    for (std::uint8_t& octet : made) octet = static_cast<std::uint8_t>(random.word());
    return made;
  }();
  return octets;
}

TcpOptions options_of(const Packet& packet, const Connection& connection) {
  TcpOptions options;
  options.has_timestamps = connection.timestamps && (packet.flags & kRst) == 0;
  options.ts_val = packet.ts_val;
  options.ts_ecr = packet.ts_ecr;
  if ((packet.flags & kSyn) != 0) {
    options.has_mss = options.has_window_scale = options.sack_permitted = true;
    options.mss = 1460;
    options.window_scale = kWindowScale;
  }
  if (packet.sack_right != 0) {
    const Seq peer(connection.iss[index(other(packet.from))]);
    options.sack_count = 1;
    options.sack[0] = {peer + packet.sack_left, peer + packet.sack_right};
  }
  return options;
}

void write_words(std::ofstream& out, const std::vector<std::uint32_t>& words) {
  out.write(reinterpret_cast<const char*>(words.data()),
            static_cast<std::streamsize>(words.size() * sizeof words[0]));
}

}  // namespace

TcpSegment segment_of(const Packet& packet, const Connection& connection) {
  const std::size_t from = index(packet.from);
  const bool client = packet.from == End::Client;
  TcpSegment segment;
  segment.source = client ? connection.client : connection.server;
  segment.destination = client ? connection.server : connection.client;
  segment.seq = Seq(connection.iss[from]) + packet.seq;
  segment.ack = Seq(connection.iss[1 - from]) + packet.ack;
  segment.payload_length = packet.payload;
  segment.flags = packet.flags;
  segment.window = (packet.flags & kSyn) != 0 ? 64'240 : 1'024;
  segment.ttl = client ? 64 : 57;
  segment.has_ip_id = segment.source.ip.is_v4();
  segment.ip_id = packet.ip_id;
  segment.options = options_of(packet, connection);
  segment.payload = Bytes(pattern()).subspan(segment.seq.raw() % kPattern, packet.payload);
  segment.tcp_checksum = right_checksum(segment);
  segment.checksum = Checksum::Good;
  return segment;
}

std::vector<std::uint8_t> frame_of(const Packet& packet, const Connection& connection) {
  return encode_frame(segment_of(packet, connection));
}

void write_capture(const std::string& path, Traffic& traffic) {
  std::stable_sort(traffic.packets.begin(), traffic.packets.end(),
                   [](const Packet& a, const Packet& b) { return a.time_ns < b.time_ns; });
  std::ofstream out(path, std::ios::binary);
  write_words(out, {0xA1B2C3D4, 0x00040002, 0, 0, traffic.snap_length, 1});
  for (const Packet& packet : traffic.packets) {
    const auto frame = frame_of(packet, traffic.connections[packet.connection]);
    const auto length = static_cast<std::uint32_t>(frame.size());
    const std::uint32_t captured = std::min(length, traffic.snap_length);
    write_words(out, {static_cast<std::uint32_t>(packet.time_ns / kSecond),
                      static_cast<std::uint32_t>(packet.time_ns % kSecond / 1000), captured, length});
    out.write(reinterpret_cast<const char*>(frame.data()), captured);
  }
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path);
}

}  // namespace tcpautopsy::bench

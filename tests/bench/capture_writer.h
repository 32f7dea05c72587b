// Traffic as frames, and as a classic pcap file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "tests/bench/profiles.h"

namespace tcpautopsy::bench {

// The payload views into memory that lasts.
TcpSegment segment_of(const Packet& packet, const Connection& connection);

// An Ethernet frame with right checksums.
std::vector<std::uint8_t> frame_of(const Packet& packet, const Connection& connection);

// In order of time; times are in microseconds, as they are in most captures. Throws std::runtime_error if the
// disk is full.
void write_capture(const std::string& path, Traffic& traffic);

}  // namespace tcpautopsy::bench

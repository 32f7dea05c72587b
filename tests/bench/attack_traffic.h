// Captures of packets made to cost much, written as they are made.
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/decode/tcp_segment.h"
#include "tests/bench/random.h"

namespace tcpautopsy::bench {

// One capture file.
class PacketWriter {
 public:
  explicit PacketWriter(const std::string& path);

  // With its checksum made right and an IP ID of its own.
  void put(TcpSegment segment);
  void put(Bytes frame);
  // Throws std::runtime_error if the disk is full.
  void close();

  TimeNs step = 20'000;  // from each packet to the next
  Random random{1};

 private:
  std::string path_;
  std::ofstream out_;
  TimeNs now_ = 1'700'000'000 * kSecond;
  std::uint16_t ip_id_ = 0;
};

struct Attack {
  std::string_view name;
  void (*make)(PacketWriter& to, std::uint32_t packets);  // so many, or one or two more
};

std::span<const Attack> all_attacks();

}  // namespace tcpautopsy::bench

// Captures that stay readable while what they hold makes less and less sense: packets are reordered, cut,
// doubled, redirected and moved in time, so that what is behind the readers and decoders is reached.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::fuzz {

struct Packet {
  std::uint32_t seconds = 0, fraction = 0;
  std::uint32_t wire_length = 0;
  std::vector<std::uint8_t> octets;
};

// A classic pcap file of this machine's byte order.
struct PacketFile {
  std::vector<std::uint8_t> header;  // 24 octets
  std::vector<Packet> packets;
};

// None if it is no such file. A record that is cut or claims too much ends it.
std::optional<PacketFile> read_packets(Bytes file);
std::vector<std::uint8_t> write_packets(const PacketFile& file);

// Up to `most` packets remain.
class CaptureMutator {
 public:
  CaptureMutator(std::uint64_t seed, std::size_t most) : random_(seed), most_(most) {}

  void change(PacketFile& file);

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  Packet& any(PacketFile& file) { return file.packets[below(file.packets.size())]; }
  void reorder(PacketFile& file);
  void drop(PacketFile& file);
  void repeat(PacketFile& file);
  void move_in_time(PacketFile& file);
  void cut(Packet& packet);
  void redirect(Packet& packet);
  void change_header(Packet& packet);
  void shift_numbers(PacketFile& file);

  std::mt19937_64 random_;
  std::size_t most_;
};

}  // namespace tcpautopsy::fuzz

#include "capture_mutator.h"

#include <algorithm>
#include <cstring>

namespace tcpautopsy::fuzz {
namespace {

constexpr std::size_t kFileHeader = 24, kRecordHeader = 16;
constexpr std::uint32_t kMicroseconds = 0xA1B2C3D4U, kNanoseconds = 0xA1B23C4DU;
// In an Ethernet frame without tags that holds IPv4 without options and TCP.
constexpr std::size_t kAddresses = 26, kTcp = 34, kTcpEnd = 54;
constexpr std::size_t kSeq = kTcp + 4, kAck = kTcp + 8, kFlags = kTcp + 13, kWindow = kTcp + 14;

std::uint32_t word(const std::uint8_t* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void put_word(std::vector<std::uint8_t>& out, std::uint32_t value) {
  const auto* const octets = reinterpret_cast<const std::uint8_t*>(&value);
  out.insert(out.end(), octets, octets + sizeof value);
}

bool plain_tcp(const Packet& packet) {
  const auto& o = packet.octets;
  return o.size() >= kTcpEnd && o[12] == 8 && o[13] == 0 && o[14] == 0x45 && o[23] == 6;
}

void add_to_number(Packet& packet, std::size_t at, std::uint32_t by) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | packet.octets[at + i];
  value += by;
  for (std::size_t i = 4; i-- > 0; value >>= 8) packet.octets[at + i] = static_cast<std::uint8_t>(value);
}

}  // namespace

std::optional<PacketFile> read_packets(Bytes file) {
  if (file.size() < kFileHeader) return std::nullopt;
  const std::uint32_t magic = word(file.data());
  if (magic != kMicroseconds && magic != kNanoseconds) return std::nullopt;
  PacketFile found;
  found.header.assign(file.begin(), file.begin() + kFileHeader);
  for (std::size_t at = kFileHeader; at + kRecordHeader <= file.size();) {
    const std::uint8_t* const record = file.data() + at;
    const std::size_t length = word(record + 8);
    at += kRecordHeader;
    if (length > file.size() - at) break;
    found.packets.push_back(
        {word(record), word(record + 4), word(record + 12), {file.data() + at, file.data() + at + length}});
    at += length;
  }
  return found;
}

std::vector<std::uint8_t> write_packets(const PacketFile& file) {
  std::vector<std::uint8_t> out = file.header;
  for (const Packet& packet : file.packets) {
    put_word(out, packet.seconds);
    put_word(out, packet.fraction);
    put_word(out, static_cast<std::uint32_t>(packet.octets.size()));
    put_word(out, packet.wire_length);
    out.insert(out.end(), packet.octets.begin(), packet.octets.end());
  }
  return out;
}

void CaptureMutator::change(PacketFile& file) {
  if (file.packets.empty()) return;
  switch (below(8)) {
    case 0: reorder(file); break;
    case 1: drop(file); break;
    case 2: repeat(file); break;
    case 3: move_in_time(file); break;
    case 4: cut(any(file)); break;
    case 5: redirect(any(file)); break;
    case 6: shift_numbers(file); break;
    default: change_header(any(file)); break;
  }
}

// Times stay with their places, or go with the packets, which then go back in time.
void CaptureMutator::reorder(PacketFile& file) {
  const std::size_t a = below(file.packets.size()), b = below(file.packets.size());
  Packet &x = file.packets[a], &y = file.packets[b];
  std::swap(x, y);
  if (below(2) == 0) return;
  std::swap(x.seconds, y.seconds);
  std::swap(x.fraction, y.fraction);
}

void CaptureMutator::drop(PacketFile& file) {
  const std::size_t from = below(file.packets.size());
  const std::size_t count = std::min(1 + below(below(4) == 0 ? 40 : 3), file.packets.size() - from);
  const auto first = file.packets.begin() + static_cast<std::ptrdiff_t>(from);
  file.packets.erase(first, first + static_cast<std::ptrdiff_t>(count));
}

// At once, as a mirror port does it, or anywhere later, as a network does.
void CaptureMutator::repeat(PacketFile& file) {
  if (file.packets.size() >= most_) return;
  const std::size_t from = below(file.packets.size());
  const std::size_t to = below(2) == 0 ? from : from + below(file.packets.size() - from);
  Packet copy = file.packets[from];
  copy.seconds = file.packets[to].seconds;
  copy.fraction = file.packets[to].fraction;
  file.packets.insert(file.packets.begin() + static_cast<std::ptrdiff_t>(to) + 1, std::move(copy));
}

void CaptureMutator::move_in_time(PacketFile& file) {
  constexpr std::uint32_t kSteps[] = {1, 3, 60, 3600, 86400, 40000000, 0x7FFFFFFFU, 0xFFFFFFFFU};
  const std::uint32_t step = kSteps[below(std::size(kSteps))];
  const std::size_t from = below(file.packets.size());
  const std::size_t until = below(2) == 0 ? from + 1 : file.packets.size();
  for (std::size_t i = from; i < until; ++i) file.packets[i].seconds += step;
}

void CaptureMutator::cut(Packet& packet) {
  packet.octets.resize(below(2) == 0 ? std::min<std::size_t>(packet.octets.size(), 66)
                                     : below(packet.octets.size() + 1));
}

void CaptureMutator::redirect(Packet& packet) {
  if (!plain_tcp(packet)) return;
  auto* const o = packet.octets.data();
  switch (below(3)) {
    case 0:
      std::swap_ranges(o + kAddresses, o + kAddresses + 4, o + kAddresses + 4);
      std::swap_ranges(o + kTcp, o + kTcp + 2, o + kTcp + 2);
      break;
    case 1: std::copy(o + kTcp, o + kTcp + 2, o + kTcp + 2); break;
    default: o[kTcp + 1 + 2 * below(2)] ^= static_cast<std::uint8_t>(1U << below(2)); break;
  }
}

void CaptureMutator::change_header(Packet& packet) {
  if (!plain_tcp(packet)) {
    if (packet.octets.empty()) return;
    packet.octets[below(packet.octets.size())] ^= static_cast<std::uint8_t>(1U << below(8));
    return;
  }
  constexpr std::uint32_t kNear[] = {1, 0xFFFFFFFFU, 1000, 0xFFFFFC18U, 65536, 0x80000000U};
  const std::uint32_t by =
      below(4) == 0 ? static_cast<std::uint32_t>(random_()) : kNear[below(std::size(kNear))];
  switch (below(5)) {
    case 0: add_to_number(packet, kSeq, by); break;
    case 1: add_to_number(packet, kAck, by); break;
    case 2: packet.octets[kFlags] ^= static_cast<std::uint8_t>(1U << below(8)); break;
    case 3:
      packet.octets[kWindow] = packet.octets[kWindow + 1] = static_cast<std::uint8_t>(below(2) * 255);
      break;
    default:
      packet.octets[kTcpEnd - 8 + below(packet.octets.size() - kTcpEnd + 8)] =
          static_cast<std::uint8_t>(random_());
      break;
  }
}

// From one packet on all go on elsewhere, as after a reuse of ports or a box that rewrites numbers.
void CaptureMutator::shift_numbers(PacketFile& file) {
  const auto by = static_cast<std::uint32_t>(random_());
  const std::size_t from = below(file.packets.size());
  const std::size_t until = std::min(file.packets.size(), from + 1 + below(20));
  for (std::size_t i = from; i < until; ++i)
    if (plain_tcp(file.packets[i])) add_to_number(file.packets[i], below(2) == 0 ? kSeq : kAck, by);
}

}  // namespace tcpautopsy::fuzz

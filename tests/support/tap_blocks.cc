#include "tests/support/tap_blocks.h"

#include <random>

namespace tcpautopsy::tap {

namespace {

void shift(Event& event, TimeNs by) {
  std::visit([by](auto& e) { e.time_ns += by; }, event);
}

IpAddress address_in(const IpAddress& network, unsigned bits, std::mt19937& random) {
  IpAddress address = network;
  for (unsigned bit = bits; bit < 128; ++bit)
    if (random() & 1U) address.octets[bit / 8] |= static_cast<std::uint8_t>(0x80U >> bit % 8);
  return address;
}

// The address `n` after it, within its last 16 bits.
IpAddress later(IpAddress address, std::uint32_t n) {
  const std::uint32_t low = static_cast<std::uint32_t>(address.octets[14] << 8 | address.octets[15]) + n;
  address.octets[14] = static_cast<std::uint8_t>(low >> 8);
  address.octets[15] = static_cast<std::uint8_t>(low);
  return address;
}

}  // namespace

BlockConnection connection_of(const Script& script, const Block& block, std::uint32_t rank,
                              std::uint32_t number, std::uint32_t isn) {
  std::mt19937 random(number + 1);
  BlockConnection made;
  made.script.ends = script.ends;
  made.script.events = block.events;
  for (Event& event : made.script.events) shift(event, rank * block.every_ns);
  EndpointAddress &client = made.script.ends[0], &server = made.script.ends[1];
  client.port = static_cast<std::uint16_t>(client.port + 1 + number % block.ports);
  if (block.network) client.ip = address_in(*block.network, block.network_bits, random);
  if (block.targets == Block::Targets::Ports) server.port = static_cast<std::uint16_t>(server.port + rank);
  if (block.targets == Block::Targets::Hosts) server.ip = later(server.ip, rank);
  for (const std::size_t side : {0U, 1U}) {
    made.isns[side] = block.isn_step[side] ? isn + rank * *block.isn_step[side]
                                           : isn + static_cast<std::uint32_t>(random());
    made.ip_ids[side] = static_cast<std::uint16_t>(random());
  }
  return made;
}

}  // namespace tcpautopsy::tap

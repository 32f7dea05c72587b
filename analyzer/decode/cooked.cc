#include "analyzer/decode/link_layer.h"

namespace tcpautopsy::decode {
namespace {

// Protocols of Linux cooked headers that are no EtherTypes (linux/if_ether.h).
constexpr std::uint16_t kLinuxLlc = 0x0004;

Layer by_address_family(Dissection& frame, std::uint32_t family) {
  switch (family) {
    case 2: return Layer::Ipv4;
    // Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
    case 10:
    case 23:
    case 24:
    case 28:
    case 30: return Layer::Ipv6;
    default: return frame.stop(NotTcp::OtherProtocol);
  }
}

Layer by_linux_protocol(Dissection& frame, std::uint16_t protocol) {
  if (protocol == kLinuxLlc) return Layer::Llc;
  if (protocol <= 1500) return frame.stop(NotTcp::OtherProtocol);
  return layer_of_ethertype(frame, protocol);
}

// A header that names the link type of what follows must not nest: that could go on as long as the frame.
Layer inner_link_layer(Dissection& frame, std::uint32_t link_type) {
  constexpr std::uint32_t kPktapUser2 = 149, kPpi = 192, kPktap = 258;
  if (link_type > 0xffff || link_type == kPktapUser2 || link_type == kPpi || link_type == kPktap) {
    return frame.stop(NotTcp::UnknownLinkType);
  }
  return link_layer(frame, static_cast<int>(link_type));
}

}  // namespace

// DLT_NULL is in the order of the capturing host and DLT_LOOP in network order: families are small, which
// tells.
Layer null_loop(Dissection& frame) {
  if (!frame.rest.has(4)) return frame.lacks(4);
  const std::uint32_t big = frame.rest.be32(0), little = frame.rest.le32(0);
  frame.rest.drop(4);
  return by_address_family(frame, big < little ? big : little);
}

Layer linux_sll(Dissection& frame) {
  if (!frame.rest.has(16)) return frame.lacks(16);
  const auto protocol = frame.rest.be16(14);
  frame.rest.drop(16);
  return by_linux_protocol(frame, protocol);
}

Layer linux_sll2(Dissection& frame) {
  if (!frame.rest.has(20)) return frame.lacks(20);
  const auto protocol = frame.rest.be16(0);
  frame.rest.drop(20);
  return by_linux_protocol(frame, protocol);
}

// Attributes of length and type in the order of the capturing host, each padded to four octets; number 9 is
// the packet.
Layer nflog(Dissection& frame) {
  constexpr std::size_t kPayload = 9;
  if (!frame.rest.has(4)) return frame.lacks(4);
  frame.rest.drop(4);
  while (frame.rest.length() > 0) {
    if (!frame.rest.has(4)) return frame.lacks(4);
    const bool little = frame.rest.le16(2) < frame.rest.be16(2);
    const std::size_t length = little ? frame.rest.le16(0) : frame.rest.be16(0);
    const std::size_t type = little ? frame.rest.le16(2) : frame.rest.be16(2);
    if (length < 4) return frame.stop(NotTcp::Malformed);
    if (type == kPayload) {
      frame.rest.limit(length);
      frame.rest.drop(4);
      return Layer::Ip;
    }
    const std::size_t padded = (length + 3) / 4 * 4;
    if (!frame.rest.has(padded)) return frame.lacks(padded);
    frame.rest.drop(padded);
  }
  return frame.stop(NotTcp::OtherProtocol);
}

// macOS: the header's length, a record type and the link type of what follows.
Layer pktap(Dissection& frame) {
  if (!frame.rest.has(12)) return frame.lacks(12);
  const std::size_t length = frame.rest.le32(0);
  const std::uint32_t link_type = frame.rest.le32(8);
  if (length < 12) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(length)) return frame.lacks(length);
  frame.rest.drop(length);
  return inner_link_layer(frame, link_type);
}

// OpenBSD IPsec: address family in host order, SPI, flags.
Layer openbsd_enc(Dissection& frame) {
  if (!frame.rest.has(12)) return frame.lacks(12);
  const std::uint32_t big = frame.rest.be32(0), little = frame.rest.le32(0);
  frame.rest.drop(12);
  return by_address_family(frame, big < little ? big : little);
}

// BSD packet filter log: its length without padding, then the address family.
Layer pflog(Dissection& frame) {
  if (!frame.rest.has(2)) return frame.lacks(2);
  const std::size_t padded = (std::size_t{frame.rest.u8(0)} + 3) / 4 * 4;
  const std::uint32_t family = frame.rest.u8(1);
  if (padded < 4) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(padded)) return frame.lacks(padded);
  frame.rest.drop(padded);
  return by_address_family(frame, family);
}

Layer per_packet_information(Dissection& frame) {
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::size_t length = frame.rest.le16(2);
  const std::uint32_t link_type = frame.rest.le32(4);
  if (length < 8) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(length)) return frame.lacks(length);
  frame.rest.drop(length);
  return inner_link_layer(frame, link_type);
}

}  // namespace tcpautopsy::decode

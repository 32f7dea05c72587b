#include "analyzer/decode/ip.h"
#include "analyzer/decode/link_layer.h"
#include "analyzer/decode/tunnels.h"

namespace tcpautopsy::decode {
namespace {

constexpr unsigned kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000,
                   kAcknowledgment = 0x0080;
constexpr unsigned kVersionMask = 0x0007;
constexpr std::uint16_t kPpp = 0x880b, kErspan = 0x88be, kErspan3 = 0x22eb, kWccp = 0x883e;

Layer skip(Dissection& frame, std::size_t octets, Layer next) {
  if (!frame.rest.has(octets)) return frame.lacks(octets);
  frame.rest.drop(octets);
  return next;
}

Layer deepen(Dissection& frame, bool added, Layer next) {
  return added ? next : frame.stop(NotTcp::Malformed);
}

// draft-foschiano-erspan: the session is ten bits of the second word. Type I has no header and no GRE
// sequence number.
Layer erspan2(Dissection& frame, bool sequence) {
  if (!sequence) return deepen(frame, frame.path.add_tunnel(Tunnel::Erspan), Layer::Ethernet);
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::uint32_t session = frame.rest.be16(2) & 0x3ffU;
  frame.rest.drop(8);
  return deepen(frame, frame.path.add_tunnel(Tunnel::Erspan, session), Layer::Ethernet);
}

Layer erspan3(Dissection& frame) {
  constexpr unsigned kFrameTypeIp = 2;
  if (!frame.rest.has(12)) return frame.lacks(12);
  const std::uint32_t session = frame.rest.be16(2) & 0x3ffU;
  const unsigned flags = frame.rest.be16(10);
  const std::size_t header = (flags & 1U) != 0 ? 20 : 12;  // a platform's own subheader follows
  const bool carries_ip = ((flags >> 10) & 0x1fU) == kFrameTypeIp;
  if (!frame.rest.has(header)) return frame.lacks(header);
  frame.rest.drop(header);
  return deepen(frame, frame.path.add_tunnel(Tunnel::Erspan, session),
                carries_ip ? Layer::Ip : Layer::Ethernet);
}

// WCCP version 2 puts a redirect header before the packet, version 1 does not.
Layer wccp(Dissection& frame) {
  if (!frame.rest.has(1)) return frame.lacks(1);
  return frame.rest.u8(0) >> 4 == 4 ? Layer::Ipv4 : skip(frame, 4, Layer::Ipv4);
}

Layer payload_of(Dissection& frame, std::uint16_t protocol) {
  if (protocol == kWccp) return wccp(frame);
  // Aruba access points send 802.11 frames, the protocol telling the queue.
  if (protocol >= 0x8200 && protocol <= 0x8370 && (protocol & 0xfU) == 0) return Layer::Wlan;
  if (protocol <= 1500) return frame.stop(NotTcp::OtherProtocol);
  return layer_of_ethertype(frame, protocol);
}

// RFC 2637 4.1. The key holds the payload's length and a call number, another in each direction.
Layer gre_pptp(Dissection& frame, unsigned flags, std::uint16_t protocol) {
  if (protocol != kPpp || (flags & kKey) == 0) return frame.stop(NotTcp::OtherProtocol);
  std::size_t header = 8;
  if ((flags & kSequence) != 0) header += 4;
  if ((flags & kAcknowledgment) != 0) header += 4;
  if (!frame.rest.has(header)) return frame.lacks(header);
  const std::size_t payload = frame.rest.be16(4);
  frame.rest.drop(header);
  frame.rest.limit(payload);
  if (payload == 0) return frame.stop(NotTcp::OtherProtocol);  // an acknowledgment alone
  return deepen(frame, frame.path.add_tunnel(Tunnel::Gre), Layer::Ppp);
}

// RFC 1701: source route entries, the last of address family and length 0.
bool skip_source_routes(Dissection& frame) {
  while (true) {
    if (!frame.rest.has(4)) return false;
    const std::size_t entry = std::size_t{4} + frame.rest.u8(3);
    const bool last = frame.rest.be16(0) == 0 && frame.rest.u8(3) == 0;
    if (!frame.rest.has(entry)) return false;
    frame.rest.drop(entry);
    if (last) return true;
  }
}

}  // namespace

// RFC 2784, RFC 2890 and, for version 0 with routing, RFC 1701.
Layer gre(Dissection& frame) {
  if (!frame.rest.has(4)) return frame.lacks(4);
  const unsigned flags = frame.rest.be16(0);
  const std::uint16_t protocol = frame.rest.be16(2);
  if ((flags & kVersionMask) == 1) return gre_pptp(frame, flags, protocol);
  if ((flags & kVersionMask) != 0) return frame.stop(NotTcp::OtherProtocol);
  std::size_t header = 4;
  if ((flags & (kChecksum | kRouting)) != 0) header += 4;
  const std::size_t key_at = header;
  if ((flags & kKey) != 0) header += 4;
  if ((flags & kSequence) != 0) header += 4;
  if (!frame.rest.has(header)) return frame.lacks(header);
  const std::uint32_t key = (flags & kKey) != 0 ? frame.rest.be32(key_at) : 0;
  frame.rest.drop(header);
  if ((flags & kRouting) != 0 && !skip_source_routes(frame)) return frame.lacks(4);
  if (protocol == kErspan) return erspan2(frame, (flags & kSequence) != 0);
  if (protocol == kErspan3) return erspan3(frame);
  const bool added =
      (flags & kKey) != 0 ? frame.path.add_tunnel(Tunnel::Gre, key) : frame.path.add_tunnel(Tunnel::Gre);
  return added ? payload_of(frame, protocol) : frame.stop(NotTcp::Malformed);
}

// RFC 3378: version 3 and twelve reserved bits.
Layer etherip(Dissection& frame) {
  if (!frame.rest.has(2)) return frame.lacks(2);
  if (frame.rest.u8(0) >> 4 != 3) return frame.stop(NotTcp::OtherProtocol);
  return deepen(frame, frame.path.add_tunnel(Tunnel::EtherIp), skip(frame, 2, Layer::Ethernet));
}

}  // namespace tcpautopsy::decode

#include "analyzer/decode/link_layer.h"
#include "analyzer/decode/tunnels.h"

namespace tcpautopsy::decode {
namespace {

constexpr std::uint16_t kGtpPort = 2152, kTeredoPort = 3544, kVxlanPort = 4789, kGenevePort = 6081;
constexpr std::uint16_t kGreInUdpPort = 4754, kMplsInUdpPort = 6635;  // RFC 8086 8.1, RFC 7510 3
constexpr std::uint16_t kAyiyaPort = 5072, kCapwapDataPort = 5247;
constexpr std::uint16_t kLinuxVxlanPort = 8472;  // Linux's default, older than the assigned one

// A header that is too short on the wire is no tunnel's: the port belongs to something else.
Layer no_tunnel_or_cut(Dissection& frame, std::size_t octets) {
  return frame.stop(frame.rest.length() < octets ? NotTcp::OtherProtocol : NotTcp::CutShort);
}

// RFC 7348 5.
Layer vxlan(Dissection& frame) {
  constexpr unsigned kIdIsValid = 0x08;
  if (!frame.rest.has(8)) return no_tunnel_or_cut(frame, 8);
  if ((frame.rest.u8(0) & kIdIsValid) == 0) return frame.stop(NotTcp::OtherProtocol);
  const std::uint32_t network = frame.rest.be24(4);
  frame.rest.drop(8);
  return frame.path.add_tunnel(Tunnel::Vxlan, network) ? Layer::Ethernet : frame.stop(NotTcp::Malformed);
}

// RFC 8926 3.4; control packets carry no payload of a connection.
Layer geneve(Dissection& frame) {
  constexpr unsigned kControl = 0x80;
  if (!frame.rest.has(8)) return no_tunnel_or_cut(frame, 8);
  if (frame.rest.u8(0) >> 6 != 0 || (frame.rest.u8(1) & kControl) != 0)
    return frame.stop(NotTcp::OtherProtocol);
  const std::size_t header = 8 + 4 * std::size_t{frame.rest.u8(0) & 0x3fU};
  const std::uint16_t protocol = frame.rest.be16(2);
  const std::uint32_t network = frame.rest.be24(4);
  if (!frame.rest.has(header)) return no_tunnel_or_cut(frame, header);
  if (protocol <= 1500) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(header);
  if (!frame.path.add_tunnel(Tunnel::Geneve, network)) return frame.stop(NotTcp::Malformed);
  return layer_of_ethertype(frame, protocol);
}

// 3GPP TS 29.281 5.1 and 5.2: version 1, and where one of three flags is set four more octets, the last
// naming an extension header. Each extension ends in the type of the next. The two directions use different
// tunnel endpoint identifiers, so they are no part of the flow's identity.
Layer gtp(Dissection& frame) {
  constexpr unsigned kVersion1Gtp = 0x30, kAnyOptional = 0x07, kExtension = 0x04, kUserData = 255;
  if (!frame.rest.has(8)) return no_tunnel_or_cut(frame, 8);
  const unsigned flags = frame.rest.u8(0);
  if ((flags & 0xf0U) != kVersion1Gtp || frame.rest.u8(1) != kUserData)
    return frame.stop(NotTcp::OtherProtocol);
  const std::size_t length = frame.rest.be16(2);
  frame.rest.drop(8);
  frame.rest.limit(length);
  unsigned next = 0;
  if ((flags & kAnyOptional) != 0) {
    if (!frame.rest.has(4)) return frame.lacks(4);
    if ((flags & kExtension) != 0) next = frame.rest.u8(3);
    frame.rest.drop(4);
  }
  while (next != 0) {
    if (!frame.rest.has(4)) return frame.lacks(4);
    const std::size_t extension = 4 * std::size_t{frame.rest.u8(0)};
    if (extension == 0) return frame.stop(NotTcp::Malformed);
    if (!frame.rest.has(extension)) return frame.lacks(extension);
    next = frame.rest.u8(extension - 1);
    frame.rest.drop(extension);
  }
  return frame.path.add_tunnel(Tunnel::Gtp) ? Layer::Ip : frame.stop(NotTcp::Malformed);
}

// RFC 4380 5.1.1: authentication and origin indications may go before the IPv6 packet.
Layer teredo(Dissection& frame) {
  constexpr std::uint16_t kAuthentication = 1, kOrigin = 0;
  if (!frame.rest.has(4)) return no_tunnel_or_cut(frame, 4);
  std::size_t header = 0;
  if (frame.rest.be16(0) == kAuthentication) header = std::size_t{13} + frame.rest.u8(2) + frame.rest.u8(3);
  if (!frame.rest.has(header + 2)) return no_tunnel_or_cut(frame, header + 2);
  if (frame.rest.be16(header) == kOrigin) header += 8;
  if (!frame.rest.has(header + 1)) return no_tunnel_or_cut(frame, header + 1);
  if (frame.rest.u8(header) >> 4 != 6) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(header);
  return frame.path.add_tunnel(Tunnel::Teredo) ? Layer::Ipv6 : frame.stop(NotTcp::Malformed);
}

// draft-massar-v6ops-ayiya-02 3: lengths of identity and signature, what is to be done, the next header, the
// time; then identity, signature and the packet.
Layer ayiya(Dissection& frame) {
  constexpr unsigned kForward = 1, kIpv4 = 4, kIpv6 = 41;
  if (!frame.rest.has(8)) return no_tunnel_or_cut(frame, 8);
  const std::size_t identity = std::size_t{1} << (frame.rest.u8(0) >> 4);
  const std::size_t signature = std::size_t{4} * (frame.rest.u8(1) >> 4U);
  const unsigned operation = frame.rest.u8(2) & 0xfU, next = frame.rest.u8(3);
  if (operation != kForward || (next != kIpv4 && next != kIpv6)) return frame.stop(NotTcp::OtherProtocol);
  const std::size_t header = 8 + identity + signature;
  if (!frame.rest.has(header)) return no_tunnel_or_cut(frame, header);
  frame.rest.drop(header);
  if (!frame.path.add_tunnel(Tunnel::Ayiya)) return frame.stop(NotTcp::Malformed);
  return next == kIpv4 ? Layer::Ipv4 : Layer::Ipv6;
}

// RFC 5415 4.3: after the preamble the header's length in words, the radio, the binding, and flags. With the
// native format the frame is the binding's, else an 802.3 one. Of a frame in fragments the first is enough:
// its lengths tell the rest.
Layer capwap_data(Dissection& frame) {
  constexpr unsigned kVersion0Plain = 0x00, kIeee80211 = 1;
  constexpr unsigned kNative = 0x100, kFragment = 0x80, kKeepAlive = 0x08;
  if (!frame.rest.has(8)) return no_tunnel_or_cut(frame, 8);
  const std::uint32_t word = frame.rest.be24(1);
  const std::size_t header = 4 * std::size_t{word >> 19};
  const unsigned binding = (word >> 9) & 0x1fU;
  if (frame.rest.u8(0) != kVersion0Plain || header < 8 || (word & kKeepAlive) != 0)
    return frame.stop(NotTcp::OtherProtocol);
  if ((word & kFragment) != 0 && frame.rest.be16(6) >> 3 != 0) return frame.stop(NotTcp::OtherProtocol);
  if ((word & kNative) != 0 && binding != kIeee80211) return frame.stop(NotTcp::OtherProtocol);
  if (!frame.rest.has(header)) return no_tunnel_or_cut(frame, header);
  frame.rest.drop(header);
  if (!frame.path.add_tunnel(Tunnel::Capwap)) return frame.stop(NotTcp::Malformed);
  return (word & kNative) != 0 ? wlan_of_controller(frame) : Layer::Ethernet;
}

}  // namespace

Layer udp(Dissection& frame) {
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::uint16_t source = frame.rest.be16(0), destination = frame.rest.be16(2),
                      length = frame.rest.be16(4);
  frame.rest.drop(8);
  // RFC 2675 4: 0 where the length does not fit; offload leaves it unset too.
  if (length >= 8) frame.rest.limit(length - std::size_t{8});
  switch (destination) {
    case kVxlanPort:
    case kLinuxVxlanPort: return vxlan(frame);
    case kGenevePort: return geneve(frame);
    case kGreInUdpPort: return Layer::Gre;
    case kMplsInUdpPort: return Layer::Mpls;
    default: break;
  }
  if (destination == kGtpPort || source == kGtpPort) return gtp(frame);
  if (destination == kAyiyaPort || source == kAyiyaPort) return ayiya(frame);
  if (destination == kCapwapDataPort || source == kCapwapDataPort) return capwap_data(frame);
  if (destination == kTeredoPort || source == kTeredoPort) return teredo(frame);
  return frame.stop(NotTcp::OtherProtocol);
}

}  // namespace tcpautopsy::decode

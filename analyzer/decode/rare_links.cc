#include "analyzer/decode/link_layer.h"

namespace tcpautopsy::decode {

// Frame control and two addresses; only asynchronous LLC frames carry packets (ANSI X3.139).
Layer fddi(Dissection& frame) {
  if (!frame.rest.has(13)) return frame.lacks(13);
  const unsigned control = frame.rest.u8(0);
  if ((control & 0xf0U) != 0x50) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(13);
  return Layer::Llc;
}

// Access and frame control, two addresses; the top bit of the source announces routing information (IEEE
// 802.5).
Layer token_ring(Dissection& frame) {
  if (!frame.rest.has(14)) return frame.lacks(14);
  const unsigned control = frame.rest.u8(1);
  const bool routed = (frame.rest.u8(8) & 0x80U) != 0;
  if ((control & 0xc0U) != 0x40) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(14);
  if (!routed) return Layer::Llc;
  if (!frame.rest.has(2)) return frame.lacks(2);
  const std::size_t length = frame.rest.u8(0) & 0x1fU;
  if (length < 2) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(length)) return frame.lacks(length);
  frame.rest.drop(length);
  return Layer::Llc;
}

// Source, destination, two octets of offset, and the protocol; RFC 1201 goes on with a split flag and a
// number, and a filler of three octets and the flag again where the first flag is 0xff. Split packets are not
// put together.
Layer arcnet_linux(Dissection& frame) {
  constexpr unsigned kIpRfc1201 = 212, kIpRfc1051 = 240, kException = 0xff;
  if (!frame.rest.has(5)) return frame.lacks(5);
  const unsigned protocol = frame.rest.u8(4);
  if (protocol == kIpRfc1051) {
    frame.rest.drop(5);
    return Layer::Ipv4;
  }
  if (protocol != kIpRfc1201) return frame.stop(NotTcp::OtherProtocol);
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::size_t header = frame.rest.u8(5) == kException ? 12 : 8;
  if (!frame.rest.has(header)) return frame.lacks(header);
  if (frame.rest.u8(header - 3) != 0) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(header);
  return Layer::Ipv4;
}

// IP over InfiniBand: a global route header of 40 octets, EtherType, two reserved octets (RFC 4391 6).
Layer infiniband(Dissection& frame) {
  if (!frame.rest.has(44)) return frame.lacks(44);
  const auto type = frame.rest.be16(40);
  frame.rest.drop(44);
  return layer_of_ethertype(frame, type);
}

// Two addresses of eight octets and the EtherType (RFC 2734, as macOS delivers it).
Layer ieee1394(Dissection& frame) {
  if (!frame.rest.has(18)) return frame.lacks(18);
  const auto type = frame.rest.be16(16);
  frame.rest.drop(18);
  return layer_of_ethertype(frame, type);
}

// RFC 2427: Q.922 address of two octets, unnumbered information, then a protocol identifier or SNAP.
Layer frame_relay(Dissection& frame) {
  constexpr unsigned kIpv4 = 0xcc, kIpv6 = 0x8e, kSnap = 0x80;
  if (!frame.rest.has(4)) return frame.lacks(4);
  const bool short_address = (frame.rest.u8(1) & 1U) != 0;
  if (!short_address || frame.rest.u8(2) != 0x03) return frame.stop(NotTcp::OtherProtocol);
  const unsigned protocol = frame.rest.u8(3);
  if (protocol == kIpv4 || protocol == kIpv6) {
    frame.rest.drop(4);
    return protocol == kIpv4 ? Layer::Ipv4 : Layer::Ipv6;
  }
  // A zero octet pads the header before the identifier of SNAP.
  const std::size_t snap = protocol == 0 ? 5 : 4;
  if (!frame.rest.has(snap + 5)) return frame.lacks(snap + 5);
  if (frame.rest.u8(snap - 1) != kSnap || frame.rest.be24(snap) != 0)
    return frame.stop(NotTcp::OtherProtocol);
  const auto type = frame.rest.be16(snap + 3);
  if (type <= 1500) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(snap + 5);
  return layer_of_ethertype(frame, type);
}

// "MGC" and flags; then the length of extensions, if the flags tell of any. Frames from which the router
// already took the Ethernet header carry a protocol number of its own and are left alone.
Layer juniper_ethernet(Dissection& frame) {
  constexpr std::uint32_t kMagic = 0x4d4743;
  constexpr unsigned kExtensions = 0x80, kNoLinkHeader = 0x02;
  if (!frame.rest.has(4)) return frame.lacks(4);
  const unsigned flags = frame.rest.u8(3);
  if (frame.rest.be24(0) != kMagic) return frame.stop(NotTcp::Malformed);
  if ((flags & kNoLinkHeader) != 0) return frame.stop(NotTcp::OtherProtocol);
  std::size_t header = 4;
  if ((flags & kExtensions) != 0) {
    if (!frame.rest.has(6)) return frame.lacks(6);
    header = std::size_t{6} + frame.rest.be16(4);
  }
  if (!frame.rest.has(header)) return frame.lacks(header);
  frame.rest.drop(header);
  return Layer::Ethernet;
}

// Direction and traffic type, VPI, VCI; LAN emulation goes on with the sender's identifier, which is 0xff00
// in its control frames (ATM Forum af-lane-0021).
Layer sun_atm(Dissection& frame) {
  constexpr unsigned kLane = 1, kLlc = 2, kLaneControl = 0xff00;
  if (!frame.rest.has(4)) return frame.lacks(4);
  const unsigned traffic = frame.rest.u8(0) & 0x0fU;
  if (traffic != kLane && traffic != kLlc) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(4);
  if (traffic == kLlc) return Layer::Llc;
  if (!frame.rest.has(2)) return frame.lacks(2);
  if (frame.rest.be16(0) == kLaneControl) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(2);
  return Layer::Ethernet;
}

}  // namespace tcpautopsy::decode

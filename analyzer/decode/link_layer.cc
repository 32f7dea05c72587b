#include "analyzer/decode/link_layer.h"

#include <algorithm>
#include <optional>

#include "analyzer/decode/dlt.h"

namespace tcpautopsy::decode {
namespace {

constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint16_t kIpv6Type = 0x86dd;

Layer skip(Dissection& frame, std::size_t octets, Layer next) {
  if (!frame.rest.has(octets)) return frame.lacks(octets);
  frame.rest.drop(octets);
  return next;
}

// A header that ends in the EtherType of what follows.
Layer ends_in_ethertype(Dissection& frame, std::size_t octets) {
  if (!frame.rest.has(octets)) return frame.lacks(octets);
  const auto type = frame.rest.be16(octets - 2);
  frame.rest.drop(octets);
  return layer_of_ethertype(frame, type);
}

// MPLS does not say what it carries. An IP header shows in its version and lengths.
bool looks_like_ipv4(const LayerBytes& bytes) {
  if (!bytes.has(4) || bytes.u8(0) < 0x45 || bytes.u8(0) > 0x4f) return false;
  const std::size_t total = bytes.be16(2);
  return total >= (bytes.u8(0) & 0xfU) * 4 && total <= bytes.length();
}

bool looks_like_ipv6(const LayerBytes& bytes) {
  return bytes.has(6) && bytes.u8(0) >> 4 == 6 && bytes.be16(4) + std::size_t{40} <= bytes.length();
}

// An Ethernet header `at` octets on shows in its type.
bool looks_like_ethernet(const LayerBytes& bytes, std::size_t at) {
  if (!bytes.has(at + 14)) return false;
  switch (bytes.be16(at + 12)) {
    case kIpv4Type:
    case kIpv6Type:
    case 0x8100:
    case 0x88a8:
    case 0x8847:
    case 0x8864: return true;
    default: return false;
  }
}

// A pseudowire of a serial line (RFC 4618): HDLC with Cisco's header, or PPP, `at` octets on.
std::optional<Layer> serial_line(const LayerBytes& bytes, std::size_t at) {
  if (!bytes.has(at + 4) || looks_like_ethernet(bytes, at)) return std::nullopt;
  const unsigned first = bytes.be16(at), second = bytes.be16(at + 2);
  const bool ip = second == kIpv4Type || second == kIpv6Type;
  if ((first == 0x0f00 || first == 0x8f00) && ip) return Layer::CiscoHdlc;
  const bool ppp = first == 0xff03 && (second == 0x0021 || second == 0x0057);
  const bool bare = (first == 0x0021 && second >> 12 == 4) || (first == 0x0057 && second >> 12 == 6);
  return ppp || bare ? std::optional(Layer::Ppp) : std::nullopt;
}

}  // namespace

Layer link_layer(Dissection& frame, int link_type) {
  switch (link_type) {
    case kDltNull:
    case kDltLoop: return null_loop(frame);
    case kDltEthernet: return Layer::Ethernet;
    case kDltTokenRing: return token_ring(frame);
    case kDltPpp:
    case kDltPppSerial: return ppp_serial(frame);
    case kDltFddi: return fddi(frame);
    case kDltAtmRfc1483: return Layer::Llc;  // RFC 1483 over ATM
    case kDltRawLinux:
    case kDltRawOpenBsd:
    case kDltRawFile:
    case kDltIpv4:
    case kDltIpv6: return Layer::Ip;
    case kDltPppEther: return Layer::PppoeSession;
    case kDltCiscoHdlc: return Layer::CiscoHdlc;
    case kDltIeee80211: return Layer::Wlan;
    case kDltFrameRelay: return frame_relay(frame);
    case kDltEnc: return openbsd_enc(frame);
    case kDltLinuxSll: return linux_sll(frame);
    case kDltPflog: return pflog(frame);
    case kDltPrism: return prism(frame);
    case kDltSunAtm: return sun_atm(frame);
    case kDltRadiotap: return radiotap(frame);
    case kDltArcnetLinux: return arcnet_linux(frame);
    case kDltAppleFireWire: return ieee1394(frame);
    case kDltAvs: return avs(frame);
    case kDltPppPppd:
    case kDltPppWithDirection: return skip(frame, 1, Layer::Ppp);  // a direction goes before
    case kDltJuniperEther: return juniper_ethernet(frame);
    case kDltPpi: return per_packet_information(frame);
    case kDltCiscoHdlcWithDirection: return skip(frame, 1, Layer::CiscoHdlc);
    case kDltMpls: return Layer::Mpls;
    case kDltNflog: return nflog(frame);
    case kDltNetAnalyzer: return skip(frame, 4, Layer::Ethernet);              // netANALYZER
    case kDltNetAnalyzerTransparent: return skip(frame, 12, Layer::Ethernet);  // with the preamble
    case kDltIpoib: return infiniband(frame);
    case kDltPktapUser2:
    case kDltPktap: return pktap(frame);                               // macOS wrote DLT_USER2 first
    case kDltEthernetMpacket: return skip(frame, 8, Layer::Ethernet);  // 802.3br mPacket: preamble and SMD
    case kDltLinuxSll2: return linux_sll2(frame);
    default: return frame.stop(NotTcp::UnknownLinkType);
  }
}

Layer layer_of_ethertype(Dissection& frame, std::uint16_t type) {
  if (type == kIpv4Type) return Layer::Ipv4;
  switch (type) {
    case kIpv6Type: return Layer::Ipv6;
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x9200:
    case 0x9300: return Layer::VlanTag;
    case 0x6558: return Layer::Ethernet;  // transparent Ethernet bridging
    case 0x8847:
    case 0x8848: return Layer::Mpls;
    case 0x8864: return Layer::PppoeSession;
    case 0x880b: return Layer::Ppp;
    case 0x8909: return Layer::CiscoMetadata;
    case 0x8926: return Layer::VirtualNicTag;
    case 0x88e7: return Layer::ProviderBackbone;
    case 0x893f: return Layer::BridgePortTag;
    default: break;
  }
  if (type > 1500) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.limit(type);
  return Layer::Llc;
}

Layer ethernet(Dissection& frame) { return ends_in_ethertype(frame, 14); }

// IEEE 802.2 with SNAP (RFC 1042), and IP's own service access point.
Layer llc(Dissection& frame) {
  constexpr std::uint32_t kRfc1042 = 0x000000, kBridgeTunnel = 0x0000f8;
  if (!frame.rest.has(3)) return frame.lacks(3);
  const std::uint32_t saps_and_control = frame.rest.be24(0);
  if (saps_and_control == 0x060603) return skip(frame, 3, Layer::Ipv4);
  if (saps_and_control != 0xaaaa03) return frame.stop(NotTcp::OtherProtocol);
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::uint32_t organisation = frame.rest.be24(3);
  const std::uint16_t type = frame.rest.be16(6);
  if ((organisation != kRfc1042 && organisation != kBridgeTunnel) || type <= 1500) {
    return frame.stop(NotTcp::OtherProtocol);
  }
  frame.rest.drop(8);
  return layer_of_ethertype(frame, type);
}

Layer vlan_tag(Dissection& frame) {
  if (!frame.rest.has(4)) return frame.lacks(4);
  const std::uint16_t id = frame.rest.be16(0) & 0xfff;
  // IEEE 802.1Q 9.6: identifier 0 is a priority only and no VLAN; often just one direction carries it.
  if (id != 0 && !frame.path.add_vlan(id)) return frame.stop(NotTcp::Malformed);
  return ends_in_ethertype(frame, 4);
}

Layer bridge_port_tag(Dissection& frame) { return ends_in_ethertype(frame, 8); }

Layer virtual_nic_tag(Dissection& frame) { return ends_in_ethertype(frame, 6); }

// Version, length in units of four octets after the first two, options, and the EtherType.
Layer cisco_metadata(Dissection& frame) {
  if (!frame.rest.has(2)) return frame.lacks(2);
  return ends_in_ethertype(frame, std::max<std::size_t>(4, 4U * frame.rest.u8(1) + 4));
}

Layer provider_backbone(Dissection& frame) {
  if (!frame.rest.has(4)) return frame.lacks(4);
  const std::uint32_t service = frame.rest.be24(1);
  if (!frame.path.add_tunnel(Tunnel::ProviderBackbone, service)) return frame.stop(NotTcp::Malformed);
  return skip(frame, 4, Layer::Ethernet);
}

// RFC 3032. What follows the bottom of the stack is guessed as RFC 4928 describes: an Ethernet pseudowire may
// put a control word, which begins with a zero nibble, before the frame (RFC 4448 4.6).
Layer mpls(Dissection& frame) {
  bool bottom = false;
  while (!bottom) {
    if (!frame.rest.has(4)) return frame.lacks(4);
    bottom = (frame.rest.u8(2) & 1U) != 0;
    frame.rest.drop(4);
  }
  if (!frame.rest.has(1)) return frame.lacks(1);
  const unsigned nibble = frame.rest.u8(0) >> 4;
  if (nibble == 4 && (looks_like_ipv4(frame.rest) || !looks_like_ethernet(frame.rest, 0))) return Layer::Ipv4;
  if (nibble == 6 && (looks_like_ipv6(frame.rest) || !looks_like_ethernet(frame.rest, 0))) return Layer::Ipv6;
  if (const auto serial = serial_line(frame.rest, 0)) return *serial;
  if (nibble == 0) {
    if (!frame.rest.has(18)) return frame.lacks(18);
    // With the control word before it.
    if (const auto serial = serial_line(frame.rest, 4); serial && !looks_like_ethernet(frame.rest, 0)) {
      frame.rest.drop(4);
      return *serial;
    }
    if (!looks_like_ethernet(frame.rest, 0) && looks_like_ethernet(frame.rest, 4)) frame.rest.drop(4);
  }
  return Layer::Ethernet;
}

}  // namespace tcpautopsy::decode

#include "analyzer/decode/ip.h"

#include <optional>

namespace tcpautopsy::decode {
namespace {

// Assigned Internet protocol numbers (RFC 5237 registry).
enum Protocol : std::uint8_t {
  kHopByHop = 0,
  kIcmp = 1,
  kIpInIp = 4,
  kTcp = 6,
  kUdp = 17,
  kIpv6InIp = 41,
  kRouting = 43,
  kFragment = 44,
  kGre = 47,
  kAuthentication = 51,
  kIcmpv6 = 58,
  kDestination = 60,
  kEtherIp = 97,
  kMobility = 135,
  kMplsInIp = 137,
  kHip = 139,
  kShim6 = 140,
};

// Offload leaves the IP length of a packet that is yet to be cut up unset. Linux bounds such packets by
// GSO_MAX_SIZE, 8 * 65535 octets; more is no packet but a forged record.
constexpr std::size_t kLargestPacket = 1 << 20;

std::optional<Layer> transport(std::uint8_t protocol, bool v6) {
  switch (protocol) {
    case kTcp: return Layer::Tcp;
    case kUdp: return Layer::Udp;
    case kGre: return Layer::Gre;
    case kIpInIp: return Layer::Ipv4;
    case kIpv6InIp: return Layer::Ipv6;
    case kEtherIp: return Layer::EtherIp;
    case kMplsInIp: return Layer::Mpls;
    case kIcmp:
      if (!v6) return Layer::Icmp;
      break;
    case kIcmpv6:
      if (v6) return Layer::Icmpv6;
      break;
    default: break;
  }
  return std::nullopt;
}

bool is_extension(std::uint8_t protocol) {
  switch (protocol) {
    case kHopByHop:
    case kRouting:
    case kDestination:
    case kMobility:
    case kHip:
    case kShim6: return true;
    default: return false;
  }
}

// Whether a packet of this protocol can lead to TCP, so that its fragments are worth keeping.
bool leads_to_tcp(std::uint8_t protocol, bool v6) {
  return transport(protocol, v6) || protocol == kAuthentication || (v6 && is_extension(protocol));
}

Layer fragment_of(Dissection& frame, const FragmentHeader& fragment) {
  if (!leads_to_tcp(fragment.protocol, frame.ip.v6)) return frame.stop(NotTcp::OtherProtocol);
  frame.fragment = fragment;
  return Layer::Fragment;
}

// The checksum and the connection go by the final destination while a routing header still names it
// (RFC 8200 8.1): type 0 last, type 2 alone, segment routing first (RFC 8754 2).
void take_final_destination(IpHeader& ip, const LayerBytes& header, std::size_t length) {
  const std::size_t addresses = (length - 8) / 16;
  if (header.u8(3) == 0 || addresses == 0) return;
  switch (header.u8(2)) {
    case 0: ip.destination = IpAddress::v6(header.data() + 8 + 16 * (addresses - 1)); break;
    case 2:
    case 4: ip.destination = IpAddress::v6(header.data() + 8); break;
    default: break;
  }
}

// RFC 2675: the length of a packet whose payload length is 0, in a hop-by-hop option.
std::optional<std::uint32_t> jumbo_length(const LayerBytes& hop_by_hop) {
  constexpr unsigned kPad1 = 0, kJumbo = 0xc2;
  if (!hop_by_hop.has(8)) return std::nullopt;
  const std::size_t end = (std::size_t{hop_by_hop.u8(1)} + 1) * 8;
  if (!hop_by_hop.has(end)) return std::nullopt;
  for (std::size_t at = 2; at < end;) {
    if (hop_by_hop.u8(at) == kPad1) {
      ++at;
      continue;
    }
    if (at + 2 > end || at + 2 + hop_by_hop.u8(at + 1) > end) return std::nullopt;
    const std::size_t size = hop_by_hop.u8(at + 1);
    if (hop_by_hop.u8(at) == kJumbo && size == 4) return hop_by_hop.be32(at + 2);
    at += 2 + size;
  }
  return std::nullopt;
}

bool set_ipv6_length(Dissection& frame, std::size_t payload_length, std::uint8_t next_header) {
  if (payload_length != 0) {
    frame.rest.set_length(payload_length);
    return true;
  }
  if (next_header == kHopByHop) {
    if (const auto jumbo = jumbo_length(frame.rest)) {
      if (*jumbo > frame.rest.length()) return false;
      frame.rest.set_length(*jumbo);
    }
  }
  return frame.rest.length() <= kLargestPacket;
}

// Needs eight octets.
FragmentHeader take_fragment_header(Dissection& frame) {
  const std::uint16_t offset_and_more = frame.rest.be16(2);
  frame.ip.has_id = true;
  frame.ip.id = frame.rest.be32(4);
  const FragmentHeader fragment{offset_and_more & 0xfff8U, (offset_and_more & 1U) != 0, frame.rest.u8(0)};
  frame.rest.drop(8);
  return fragment;
}

}  // namespace

Layer ip(Dissection& frame) {
  if (!frame.rest.has(1)) return frame.lacks(1);
  switch (frame.rest.u8(0) >> 4) {
    case 4: return Layer::Ipv4;
    case 6: return Layer::Ipv6;
    default: return frame.stop(NotTcp::OtherProtocol);
  }
}

Layer ipv4(Dissection& frame) {
  constexpr std::uint16_t kMoreFragments = 0x2000, kOffsetMask = 0x1fff;
  if (!frame.rest.has(20)) return frame.lacks(20);
  const LayerBytes header = frame.rest;
  const std::size_t header_length = (header.u8(0) & 0xfU) * std::size_t{4};
  const std::size_t total_length = header.be16(2);
  if (header.u8(0) >> 4 != 4 || header_length < 20) return frame.stop(NotTcp::Malformed);
  if (total_length == 0 ? frame.rest.length() > kLargestPacket : total_length < header_length) {
    return frame.stop(NotTcp::Malformed);
  }
  frame.ip.beyond_frame = total_length > frame.rest.length();
  if (total_length != 0) frame.rest.set_length(total_length);
  if (!frame.rest.has(header_length)) return frame.lacks(header_length);
  frame.rest.drop(header_length);
  frame.ip.v6 = false;
  frame.ip.has_id = true;
  frame.ip.id = header.be16(4);
  frame.ip.ttl = header.u8(8);
  frame.ip.ecn = header.u8(1) & 3U;
  frame.ip.source = IpAddress::v4(header.data() + 12);
  frame.ip.destination = IpAddress::v4(header.data() + 16);
  const std::uint16_t fragment = header.be16(6);
  const std::uint8_t protocol = header.u8(9);
  if ((fragment & (kMoreFragments | kOffsetMask)) != 0) {
    return fragment_of(frame, {(fragment & kOffsetMask) * 8U, (fragment & kMoreFragments) != 0, protocol});
  }
  return upper_layer(frame, protocol);
}

Layer ipv6(Dissection& frame) {
  if (!frame.rest.has(40)) return frame.lacks(40);
  const LayerBytes header = frame.rest;
  if (header.u8(0) >> 4 != 6) return frame.stop(NotTcp::Malformed);
  frame.rest.drop(40);
  frame.ip.v6 = true;
  frame.ip.beyond_frame = false;
  frame.ip.has_id = false;
  frame.ip.id = 0;
  frame.ip.ttl = header.u8(7);
  frame.ip.ecn = (header.u8(1) >> 4) & 3U;
  frame.ip.source = IpAddress::v6(header.data() + 8);
  frame.ip.destination = IpAddress::v6(header.data() + 24);
  const std::uint8_t next_header = header.u8(6);
  if (!set_ipv6_length(frame, header.be16(4), next_header)) return frame.stop(NotTcp::Malformed);
  return upper_layer(frame, next_header);
}

Layer upper_layer(Dissection& frame, std::uint8_t protocol) {
  if (protocol == kTcp) return Layer::Tcp;
  while (true) {
    if (const auto layer = transport(protocol, frame.ip.v6)) return *layer;
    const bool fragmented = frame.ip.v6 && protocol == kFragment;
    const bool authentication = protocol == kAuthentication;
    if (!fragmented && !authentication && !(frame.ip.v6 && is_extension(protocol))) {
      return frame.stop(NotTcp::OtherProtocol);
    }
    if (!frame.rest.has(8)) return frame.lacks(8);
    if (fragmented) {
      const FragmentHeader fragment = take_fragment_header(frame);
      // RFC 6946: an atomic fragment is a whole packet.
      if (fragment.offset != 0 || fragment.more) return fragment_of(frame, fragment);
      protocol = fragment.protocol;
      continue;
    }
    // RFC 4302 2.2 counts in units of four octets less two, RFC 8200 4.3 in units of eight less one.
    const std::size_t units = frame.rest.u8(1);
    const std::size_t length = authentication ? (units + 2) * 4 : (units + 1) * 8;
    if (!frame.rest.has(length)) return frame.lacks(length);
    if (protocol == kRouting) take_final_destination(frame.ip, frame.rest, length);
    protocol = frame.rest.u8(0);
    frame.rest.drop(length);
  }
}

}  // namespace tcpautopsy::decode

#include "analyzer/decode/plain_frame.h"

#include <algorithm>

#include "analyzer/decode/byte_reader.h"
#include "analyzer/decode/dlt.h"

namespace tcpautopsy::decode {
namespace {

constexpr std::size_t kEthernetHeader = 14, kVlanTag = 4, kIpv4Header = 20, kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;
constexpr std::uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd, kVlanType = 0x8100;
constexpr std::uint8_t kTcp = 6;

// The segment behind an IP header of `header` octets; `length` is of the segment by that header.
PlainFrame segment_behind(const LayerBytes& ip, std::size_t header, std::size_t length) {
  if (length < kTcpHeader || !ip.has(header + length)) return {};
  const std::size_t tcp_header = (ip.u8(header + 12) >> 4) * std::size_t{4};
  if (tcp_header < kTcpHeader || tcp_header > length) return {};
  return {ip.data(), ip.data() + header, length, 0, header == kIpv6Header};
}

PlainFrame in_ipv4(const LayerBytes& ip) {
  constexpr std::uint8_t kVersionAndLength = 0x45;
  constexpr std::uint16_t kFragment = 0x3fff;
  if (!ip.has(kIpv4Header) || ip.u8(0) != kVersionAndLength || ip.u8(9) != kTcp) return {};
  const std::size_t total = ip.be16(2);
  if ((ip.be16(6) & kFragment) != 0 || total < kIpv4Header) return {};
  return segment_behind(ip, kIpv4Header, total - kIpv4Header);
}

PlainFrame in_ipv6(const LayerBytes& ip) {
  if (!ip.has(kIpv6Header) || ip.u8(0) >> 4 != 6 || ip.u8(6) != kTcp) return {};
  return segment_behind(ip, kIpv6Header, ip.be16(4));
}

IpAddress mapped(const std::uint8_t* four) {
  IpAddress address;
  address.octets[10] = address.octets[11] = 0xff;
  std::copy_n(four, 4, address.octets.begin() + 12);
  return address;
}

}  // namespace

PlainFrame plain_frame(const Frame& record) {
  if (record.link_type != kDltEthernet || record.bytes.size() < kEthernetHeader + kVlanTag) return {};
  LayerBytes ip(record.bytes, record.bytes.size());
  std::uint16_t type = ip.be16(kEthernetHeader - 2), vlan = 0;
  ip.drop(kEthernetHeader);
  if (type == kVlanType) {
    vlan = ip.be16(0) & 0xfff;
    type = ip.be16(2);
    ip.drop(kVlanTag);
  }
  if (type != kIpv4Type && type != kIpv6Type) return {};
  PlainFrame frame = type == kIpv4Type ? in_ipv4(ip) : in_ipv6(ip);
  frame.vlan = vlan;
  return frame;
}

void take_ip_header(const PlainFrame& frame, TcpSegment& segment) {
  const LayerBytes ip({frame.ip, kIpv6Header}, kIpv6Header);
  if (frame.v6) {
    segment.source.ip = IpAddress::v6(frame.ip + 8);
    segment.destination.ip = IpAddress::v6(frame.ip + 24);
    segment.ttl = ip.u8(7);
    segment.ecn = (ip.u8(1) >> 4) & 3U;
    return;
  }
  segment.source.ip = mapped(frame.ip + 12);
  segment.destination.ip = mapped(frame.ip + 16);
  segment.ttl = ip.u8(8);
  segment.ecn = ip.u8(1) & 3U;
  segment.has_ip_id = true;
  segment.ip_id = ip.be16(4);
}

}  // namespace tcpautopsy::decode

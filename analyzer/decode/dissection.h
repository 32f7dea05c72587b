// A frame while its layers are taken off, outermost first.
#pragma once

#include <cstdint>

#include "analyzer/decode/address.h"
#include "analyzer/decode/byte_reader.h"
#include "analyzer/decode/decoder.h"
#include "analyzer/decode/encapsulation.h"

namespace tcpautopsy::decode {

enum class Layer : std::uint8_t {
  Stopped,  // with Dissection::verdict
  Ethernet,
  Llc,
  VlanTag,
  BridgePortTag,  // 802.1BR E-TAG
  VirtualNicTag,  // Cisco VN-Tag
  CiscoMetadata,
  ProviderBackbone,  // 802.1ah I-TAG
  Mpls,
  PppoeSession,
  Ppp,
  CiscoHdlc,
  Wlan,
  Ip,  // version 4 or 6 by its first four bits
  Ipv4,
  Ipv6,
  Fragment,
  Gre,
  EtherIp,
  Udp,
  Icmp,
  Icmpv6,
  Tcp,
};

// The innermost IP header so far.
struct IpHeader {
  IpAddress source, destination;
  bool v6 = false;
  bool has_id = false;
  bool beyond_frame = false;  // its length tells of more than the frame had on the wire
  std::uint8_t ttl = 0;
  std::uint8_t ecn = 0;
  std::uint32_t id = 0;
};

// What the IP header says of a fragment (RFC 791 3.1, RFC 8200 4.5).
struct FragmentHeader {
  std::uint32_t offset = 0;  // in octets
  bool more = false;
  std::uint8_t protocol = 0;  // or next header
};

struct Dissection {
  explicit Dissection(const Frame& frame)
      : rest(frame.bytes, frame.wire_length < frame.bytes.size() ? frame.bytes.size() : frame.wire_length) {}

  LayerBytes rest;
  NotTcp verdict = NotTcp::OtherProtocol;
  IpHeader ip;
  FragmentHeader fragment;
  EncapsulationPath path;

  Layer stop(NotTcp why) {
    verdict = why;
    return Layer::Stopped;
  }

  // Why `octets` cannot be read here.
  NotTcp shortage(std::size_t octets) const {
    return rest.length() < octets ? NotTcp::Malformed : NotTcp::CutShort;
  }
  Layer lacks(std::size_t octets) { return stop(shortage(octets)); }
};

}  // namespace tcpautopsy::decode

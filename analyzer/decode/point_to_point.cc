#include "analyzer/decode/link_layer.h"

namespace tcpautopsy::decode {

// RFC 2516 4: version and type 1, code 0 for session data, session, length.
Layer pppoe_session(Dissection& frame) {
  if (!frame.rest.has(6)) return frame.lacks(6);
  if (frame.rest.u8(0) != 0x11 || frame.rest.u8(1) != 0) return frame.stop(NotTcp::OtherProtocol);
  const std::size_t length = frame.rest.be16(4);
  frame.rest.drop(6);
  frame.rest.limit(length);
  return Layer::Ppp;
}

// RFC 1661 2 and 6.5, 6.6: address and control may be left out, the protocol may be compressed to its odd
// octet.
Layer ppp(Dissection& frame) {
  if (!frame.rest.has(2)) return frame.lacks(2);
  if (frame.rest.be16(0) == 0xff03) frame.rest.drop(2);
  const bool compressed = frame.rest.has(1) && (frame.rest.u8(0) & 1U) != 0;
  const std::size_t octets = compressed ? 1 : 2;
  if (!frame.rest.has(octets)) return frame.lacks(octets);
  const unsigned protocol = compressed ? frame.rest.u8(0) : frame.rest.be16(0);
  frame.rest.drop(octets);
  switch (protocol) {
    case 0x0021: return Layer::Ipv4;
    case 0x0057: return Layer::Ipv6;
    case 0x0281:
    case 0x0283: return Layer::Mpls;
    default: return frame.stop(NotTcp::OtherProtocol);
  }
}

// The link type of serial lines covers both framings, told apart by the address octet (RFC 1547 4.3.1).
Layer ppp_serial(Dissection& frame) {
  if (!frame.rest.has(1)) return frame.lacks(1);
  const unsigned address = frame.rest.u8(0);
  return address == 0x0f || address == 0x8f ? Layer::CiscoHdlc : Layer::Ppp;
}

// PPP in HDLC framing (RFC 1662 3.1) is written under the same link type.
Layer cisco_hdlc(Dissection& frame) {
  if (!frame.rest.has(4)) return frame.lacks(4);
  if (frame.rest.be16(0) == 0xff03) return Layer::Ppp;
  const auto type = frame.rest.be16(2);
  if (type <= 1500) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(4);
  return layer_of_ethertype(frame, type);
}

}  // namespace tcpautopsy::decode

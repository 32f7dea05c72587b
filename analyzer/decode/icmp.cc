#include "analyzer/decode/ip.h"
#include "analyzer/decode/transport.h"

namespace tcpautopsy::decode {
namespace {

constexpr std::uint8_t kTcp = 6;

bool is_error(bool v6, unsigned type) {
  constexpr unsigned kUnreachable = 3, kTimeExceeded = 11, kParameterProblem = 12;
  constexpr unsigned kFirstV6 = 1, kLastV6 = 4;  // unreachable, too big, time exceeded, parameter problem
  if (v6) return type >= kFirstV6 && type <= kLastV6;
  return type == kUnreachable || type == kTimeExceeded || type == kParameterProblem;
}

// RFC 1191 4 and RFC 4443 3.2.
std::uint32_t next_hop_mtu(const LayerBytes& icmp, bool v6) {
  constexpr unsigned kUnreachable = 3, kFragmentationNeeded = 4, kPacketTooBig = 2;
  if (v6) return icmp.u8(0) == kPacketTooBig ? icmp.be32(4) : 0;
  return icmp.u8(0) == kUnreachable && icmp.u8(1) == kFragmentationNeeded ? icmp.be16(6) : 0;
}

// A quote is as long as its router made it (RFC 792 asks for eight octets past the header, RFC 1812 for
// more), and its length fields are those of the packet that failed: only what is there counts. Each leaves
// `quote` at the TCP header.
std::optional<NotTcp> quoted_ipv4(Dissection& quote, IcmpError& error) {
  constexpr unsigned kOffsetMask = 0x1fff;
  if (!quote.rest.has(20)) return quote.shortage(20);
  const std::size_t header = (quote.rest.u8(0) & 0xfU) * std::size_t{4};
  if (quote.rest.u8(0) >> 4 != 4 || header < 20) return NotTcp::Malformed;
  if (quote.rest.u8(9) != kTcp || (quote.rest.be16(6) & kOffsetMask) != 0) return NotTcp::OtherProtocol;
  if (!quote.rest.has(header)) return quote.shortage(header);
  error.source.ip = IpAddress::v4(quote.rest.data() + 12);
  error.destination.ip = IpAddress::v4(quote.rest.data() + 16);
  quote.rest.drop(header);
  return std::nullopt;
}

// The upper layer is found by the same walk as for a packet; a fragment ends it unless it is the first.
std::optional<NotTcp> quoted_ipv6(Dissection& quote, IcmpError& error) {
  if (!quote.rest.has(40)) return quote.shortage(40);
  if (quote.rest.u8(0) >> 4 != 6) return NotTcp::Malformed;
  const std::uint8_t next_header = quote.rest.u8(6);
  quote.ip.v6 = true;
  quote.ip.source = IpAddress::v6(quote.rest.data() + 8);
  quote.ip.destination = IpAddress::v6(quote.rest.data() + 24);
  quote.rest.drop(40);
  Layer layer = upper_layer(quote, next_header);
  if (layer == Layer::Fragment && quote.fragment.offset == 0)
    layer = upper_layer(quote, quote.fragment.protocol);
  if (layer == Layer::Stopped) return quote.verdict;
  if (layer != Layer::Tcp) return NotTcp::OtherProtocol;
  error.source.ip = quote.ip.source;
  error.destination.ip = quote.ip.destination;
  return std::nullopt;
}

}  // namespace

std::optional<NotTcp> take_icmp_error(const Dissection& frame, IcmpError& error) {
  const LayerBytes& icmp = frame.rest;
  if (!icmp.has(1)) return frame.shortage(1);
  if (!is_error(frame.ip.v6, icmp.u8(0))) return NotTcp::OtherProtocol;
  if (!icmp.has(8)) return frame.shortage(8);
  error.reporter = frame.ip.source;
  error.v6 = frame.ip.v6;
  error.type = icmp.u8(0);
  error.code = icmp.u8(1);
  error.mtu = next_hop_mtu(icmp, frame.ip.v6);
  Dissection quote = frame;
  quote.rest.drop(8);
  if (const auto why = frame.ip.v6 ? quoted_ipv6(quote, error) : quoted_ipv4(quote, error)) return why;
  // The ports tell whose it is, though the snap length ended the packet behind them.
  const bool cut = !quote.rest.has(8);
  if (cut && (!quote.rest.has(4) || quote.shortage(8) != NotTcp::CutShort)) return quote.shortage(8);
  error.source.port = quote.rest.be16(0);
  error.destination.port = quote.rest.be16(2);
  if (!cut) error.seq = Seq(quote.rest.be32(4));
  return std::nullopt;
}

}  // namespace tcpautopsy::decode

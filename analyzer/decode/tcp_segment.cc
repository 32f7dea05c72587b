#include "analyzer/decode/tcp_segment.h"

#include "analyzer/decode/checksum.h"
#include "analyzer/decode/tcp_options.h"
#include "analyzer/decode/transport.h"

namespace tcpautopsy::decode {
namespace {

constexpr std::size_t kFixedHeader = 20;
constexpr std::uint32_t kTcpProtocol = 6;

// RFC 9293 3.1. The pseudo headers of both IP versions add up alike: the prefix of an IPv4-mapped address
// sums to 0xffff, which is zero in one's complement.
Checksum verify(const Dissection& frame, std::size_t header, std::uint16_t& payload_sum) {
  const LayerBytes& segment = frame.rest;
  if (!segment.has(segment.length())) return Checksum::Unknown;
  const std::uint64_t payload = ones_complement_sum(segment.bytes().subspan(header));
  payload_sum = fold(payload);
  if (payload_sum == 0xffff) payload_sum = 0;
  std::uint64_t sum = add_ones_complement(payload, ones_complement_sum(segment.bytes().first(header)));
  for (const IpAddress* address : {&frame.ip.source, &frame.ip.destination}) {
    sum = add_ones_complement(sum, load_word(address->octets.data()));
    sum = add_ones_complement(sum, load_word(address->octets.data() + 8));
  }
  const auto length = static_cast<std::uint32_t>(segment.length());
  sum = add_ones_complement(sum, boost::endian::native_to_big(length));
  sum = add_ones_complement(sum, boost::endian::native_to_big(kTcpProtocol));
  return fold(sum) == 0xffff ? Checksum::Good : Checksum::Bad;
}

}  // namespace

std::optional<NotTcp> take_segment(const Dissection& frame, TcpSegment& segment) {
  const LayerBytes& tcp = frame.rest;
  if (!tcp.has(kFixedHeader)) return frame.shortage(kFixedHeader);
  const std::size_t header = (tcp.u8(12) >> 4) * std::size_t{4};
  if (header < kFixedHeader || header > tcp.length()) return NotTcp::Malformed;
  segment.source = {frame.ip.source, tcp.be16(0)};
  segment.destination = {frame.ip.destination, tcp.be16(2)};
  segment.seq = Seq(tcp.be32(4));
  segment.ack = Seq(tcp.be32(8));
  segment.flags = tcp.be16(12) & 0x1ff;
  segment.window = tcp.be16(14);
  segment.tcp_checksum = tcp.be16(16);
  segment.urgent = tcp.be16(18);
  segment.ttl = frame.ip.ttl;
  segment.ecn = frame.ip.ecn;
  segment.has_ip_id = frame.ip.has_id;
  segment.ip_id = frame.ip.id;
  segment.beyond_frame = frame.ip.beyond_frame;
  segment.checksum = verify(frame, header, segment.payload_sum);
  segment.options.cut = !tcp.has(header);
  segment.payload_length = static_cast<std::uint32_t>(tcp.length() - header);
  const std::size_t options_end = segment.options.cut ? tcp.captured() : header;
  if (options_end > kFixedHeader) {
    const Bytes area = tcp.bytes().subspan(kFixedHeader, options_end - kFixedHeader);
    parse_tcp_options(area, segment.options);
  }
  segment.payload = tcp.bytes().subspan(options_end);
  return std::nullopt;
}

}  // namespace tcpautopsy::decode

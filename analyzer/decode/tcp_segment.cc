#include "analyzer/decode/tcp_segment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "analyzer/decode/checksum.h"
#include "analyzer/decode/tcp_options.h"
#include "analyzer/decode/transport.h"

namespace tcpautopsy::decode {
namespace {

constexpr std::size_t kFixedHeader = 20;
constexpr std::uint32_t kTcpProtocol = 6;

// With options.
std::size_t header_length(const LayerBytes& tcp) { return (tcp.u8(12) >> 4) * std::size_t{4}; }

std::uint32_t load_half(const std::uint8_t* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Of whole words of 32 bits, so few that their sum has no carry.
std::uint64_t sum_of_words(const std::uint8_t* at, std::size_t octets) {
  std::uint64_t sum = 0;
  for (const std::uint8_t* const end = at + octets; at != end; at += 4) sum += load_half(at);
  return sum;
}

// Of so many that the compiler knows.
template <std::size_t kOctets>
std::uint64_t sum_of_words(const std::uint8_t* at) {
  std::uint64_t sum = 0;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kOctets; i += 4) sum += load_half(at + i);
  return sum;
}

// RFC 9293 3.1. The pseudo headers of both IP versions add up alike: the prefix of an IPv4-mapped address
// sums to 0xffff, which is zero in one's complement.
std::uint64_t pseudo_header_sum(const TcpSegment& segment, std::size_t length) {
  return sum_of_words<16>(segment.source.ip.octets.data()) +
         sum_of_words<16>(segment.destination.ip.octets.data()) +
         boost::endian::native_to_big(static_cast<std::uint32_t>(length)) +
         boost::endian::native_to_big(kTcpProtocol);
}

Checksum verify(const LayerBytes& tcp, std::size_t header, TcpSegment& segment) {
  if (!tcp.has(tcp.length())) return Checksum::Unknown;
  std::uint64_t sum = sum_of_words<kFixedHeader>(tcp.data()) +
                      sum_of_words(tcp.data() + kFixedHeader, header - kFixedHeader) +
                      pseudo_header_sum(segment, tcp.length());
  if (tcp.length() > header) {
    const std::uint64_t payload = ones_complement_sum(tcp.bytes().subspan(header));
    segment.payload_sum = fold(payload);
    if (segment.payload_sum == 0xffff) segment.payload_sum = 0;
    sum = add_ones_complement(sum, payload);
  }
  return fold(sum) == 0xffff ? Checksum::Good : Checksum::Bad;
}

bool begins_with_change_cipher_spec(Bytes payload) {
  constexpr std::array<std::uint8_t, 3> kOneOctetOfOne{0, 1, 1};
  return payload.size() >= 6 && payload[0] == 20 && payload[1] == 3 && payload[2] <= 4 &&
         std::equal(kOneOctetOfOne.begin(), kOneOctetOfOne.end(), payload.begin() + 3);
}

}  // namespace

void take_tcp_header(const LayerBytes& tcp, TcpSegment& segment) {
  const std::size_t header = header_length(tcp);
  segment.source.port = tcp.be16(0);
  segment.destination.port = tcp.be16(2);
  segment.seq = Seq(tcp.be32(4));
  segment.ack = Seq(tcp.be32(8));
  segment.flags = tcp.be16(12) & 0x1ff;
  segment.window = tcp.be16(14);
  segment.tcp_checksum = tcp.be16(16);
  segment.urgent = tcp.be16(18);
  segment.checksum = verify(tcp, header, segment);
  segment.options.cut = !tcp.has(header);
  segment.payload_length = static_cast<std::uint32_t>(tcp.length() - header);
  const std::size_t options_end = segment.options.cut ? tcp.captured() : header;
  if (options_end > kFixedHeader) {
    const Bytes area = tcp.bytes().subspan(kFixedHeader, options_end - kFixedHeader);
    parse_tcp_options(area, segment.options);
  }
  segment.payload = tcp.bytes().subspan(options_end);
  segment.change_cipher_spec = begins_with_change_cipher_spec(segment.payload);
}

std::optional<NotTcp> take_segment(const Dissection& frame, TcpSegment& segment) {
  if (!frame.rest.has(kFixedHeader)) return frame.shortage(kFixedHeader);
  const std::size_t header = header_length(frame.rest);
  if (header < kFixedHeader || header > frame.rest.length()) return NotTcp::Malformed;
  segment.source.ip = frame.ip.source;
  segment.destination.ip = frame.ip.destination;
  segment.ttl = frame.ip.ttl;
  segment.ecn = frame.ip.ecn;
  segment.has_ip_id = frame.ip.has_id;
  segment.ip_id = frame.ip.id;
  segment.beyond_frame = frame.ip.beyond_frame;
  take_tcp_header(frame.rest, segment);
  return std::nullopt;
}

}  // namespace tcpautopsy::decode

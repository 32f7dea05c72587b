#include "packet_builder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>

namespace tcpautopsy::test {
namespace {

std::uint8_t low8(std::size_t value) { return static_cast<std::uint8_t>(value & 0xff); }

std::uint8_t nibble(char digit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto at = kDigits.find(digit);
  if (at == std::string_view::npos) throw std::invalid_argument("no hexadecimal digit");
  return low8(at);
}

void put16(Octets& octets, std::size_t at, std::size_t value) {
  octets[at] = low8(value >> 8);
  octets[at + 1] = low8(value);
}

Octets with_checksum(Octets segment, const Octets& source, const Octets& destination) {
  const Octets pseudo = source + destination + be32(segment.size()) + be32(6);
  put16(segment, 16, plain_checksum(pseudo + segment));
  return segment;
}

}  // namespace

Octets hex(std::string_view digits) {
  Octets octets;
  std::string plain;
  std::copy_if(digits.begin(), digits.end(), std::back_inserter(plain), [](char c) { return c != ' '; });
  if (plain.size() % 2 != 0) throw std::invalid_argument("half an octet");
  for (std::size_t i = 0; i < plain.size(); i += 2) {
    octets.push_back(low8(nibble(plain[i]) * 16U + nibble(plain[i + 1])));
  }
  return octets;
}

Octets be16(std::size_t value) { return {low8(value >> 8), low8(value)}; }
Octets be32(std::size_t value) { return be16(value >> 16) + be16(value); }
Octets le16(std::size_t value) { return {low8(value), low8(value >> 8)}; }
Octets le32(std::size_t value) { return le16(value) + le16(value >> 16); }
Octets zeros(std::size_t count) { return Octets(count, 0); }
Octets text(std::string_view characters) { return {characters.begin(), characters.end()}; }

Octets operator+(Octets left, const Octets& right) { return left += right; }
Octets& operator+=(Octets& left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::uint16_t plain_checksum(const Octets& octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(octets[i]) << 8 : octets[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

Octets tcp(const TcpFields& fields) {
  const std::size_t offset_and_flags = ((20 + fields.options.size()) / 4) << 12 | fields.flags;
  return be16(fields.source) + be16(fields.destination) + be32(fields.seq) + be32(fields.ack) +
         be16(offset_and_flags) + be16(fields.window) + be16(0) + be16(fields.urgent) + fields.options +
         fields.payload;
}

Octets ipv4(const Ipv4Fields& fields, const Octets& payload) {
  const std::size_t words = (20 + fields.options.size()) / 4;
  Octets header = Octets{low8(0x40 + words), fields.tos} + be16(words * 4 + payload.size()) +
                  be16(fields.id) + be16(fields.fragment) + Octets{fields.ttl, fields.protocol} + be16(0) +
                  fields.source + fields.destination + fields.options;
  put16(header, 10, plain_checksum(header));
  return header + payload;
}

Octets ipv6(const Ipv6Fields& fields, const Octets& payload) {
  const std::size_t first = std::size_t{6} << 28 | std::size_t{fields.traffic_class} << 20;
  return be32(first) + be16(payload.size()) + Octets{fields.next_header, fields.hop_limit} + fields.source +
         fields.destination + payload;
}

Octets udp(std::uint16_t source, std::uint16_t destination, const Octets& payload) {
  return be16(source) + be16(destination) + be16(8 + payload.size()) + be16(0) + payload;
}

Octets ethernet(std::uint16_t type, const Octets& payload) {
  return hex("020000000002 020000000001") + be16(type) + payload;
}

Octets tcp_over(const Ipv4Fields& ip, const TcpFields& fields) {
  return with_checksum(tcp(fields), ip.source, ip.destination);
}
Octets tcp_over(const Ipv6Fields& ip, const TcpFields& fields) {
  return with_checksum(tcp(fields), ip.source, ip.destination);
}
Octets packet4(const TcpFields& fields) { return ipv4({}, tcp_over(Ipv4Fields{}, fields)); }
Octets packet6(const TcpFields& fields) { return ipv6({}, tcp_over(Ipv6Fields{}, fields)); }

Frame frame_of(const Octets& octets, int link_type, std::size_t wire_length) {
  Frame frame;
  frame.number = 1;
  frame.bytes = octets;
  frame.link_type = link_type;
  frame.wire_length = static_cast<std::uint32_t>(wire_length == 0 ? octets.size() : wire_length);
  return frame;
}

Decoded decode_with(Decoder& decoder, const Octets& octets, int link_type, std::size_t wire_length) {
  return decoder.decode(frame_of(octets, link_type, wire_length));
}

TcpSegment segment_in(const Octets& octets, int link_type, std::size_t wire_length) {
  Decoder decoder;
  const Decoded decoded = decode_with(decoder, octets, link_type, wire_length);
  INFO(describe(decoded));
  REQUIRE(std::holds_alternative<TcpSegment>(decoded));
  CHECK(decoder.counts().tcp == 1);
  return std::get<TcpSegment>(decoded);
}

IcmpError icmp_error_in(const Octets& octets, int link_type) {
  Decoder decoder;
  const Decoded decoded = decode_with(decoder, octets, link_type);
  INFO(describe(decoded));
  REQUIRE(std::holds_alternative<IcmpError>(decoded));
  CHECK(decoder.counts().icmp_errors == 1);
  return std::get<IcmpError>(decoded);
}

NotTcp verdict_on(const Octets& octets, int link_type, std::size_t wire_length) {
  Decoder decoder;
  const Decoded decoded = decode_with(decoder, octets, link_type, wire_length);
  INFO(describe(decoded));
  REQUIRE(std::holds_alternative<NotTcp>(decoded));
  return std::get<NotTcp>(decoded);
}

std::string describe(const Decoded& decoded) {
  if (const auto* segment = std::get_if<TcpSegment>(&decoded)) {
    return "TCP " + to_string(segment->source.ip) + " > " + to_string(segment->destination.ip);
  }
  if (const auto* error = std::get_if<IcmpError>(&decoded))
    return "ICMP error of " + to_string(error->reporter);
  switch (std::get<NotTcp>(decoded)) {
    case NotTcp::OtherProtocol: return "other protocol";
    case NotTcp::FragmentHeld: return "fragment held";
    case NotTcp::CutShort: return "cut short";
    case NotTcp::Malformed: return "malformed";
    case NotTcp::UnknownLinkType: return "unknown link type";
  }
  return "";
}

}  // namespace tcpautopsy::test

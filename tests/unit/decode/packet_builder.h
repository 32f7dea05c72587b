// Builds packets octet by octet for the tests of the decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/decoder.h"

namespace tcpautopsy::test {

using Octets = std::vector<std::uint8_t>;

Octets hex(std::string_view digits);  // blanks are skipped
Octets be16(std::size_t value);
Octets be32(std::size_t value);
Octets le16(std::size_t value);
Octets le32(std::size_t value);
Octets zeros(std::size_t count);
Octets text(std::string_view characters);
Octets operator+(Octets left, const Octets& right);
Octets& operator+=(Octets& left, const Octets& right);

// RFC 1071 word by word, for comparison with the fast one.
std::uint16_t plain_checksum(const Octets& octets);

struct TcpFields {
  std::uint16_t source = 40000, destination = 80;
  std::uint32_t seq = 1000, ack = 2000;
  std::uint16_t flags = kAck | kPsh;
  std::uint16_t window = 512, urgent = 0;
  Octets options = {};
  Octets payload = text("hello");
};
struct Ipv4Fields {
  std::uint8_t protocol = 6;
  Octets source = hex("0a000001"), destination = hex("0a000002");  // 10.0.0.1, 10.0.0.2
  std::uint16_t id = 0x1234;
  std::uint16_t fragment = 0x4000;  // flags and offset as they stand in the header
  std::uint8_t ttl = 63, tos = 0;
  Octets options = {};
};
struct Ipv6Fields {
  std::uint8_t next_header = 6;
  Octets source = hex("20010db8000000000000000000000001");
  Octets destination = hex("20010db8000000000000000000000002");
  std::uint8_t hop_limit = 62, traffic_class = 0;
};

Octets tcp(const TcpFields& fields);  // checksum 0
Octets ipv4(const Ipv4Fields& fields, const Octets& payload);
Octets ipv6(const Ipv6Fields& fields, const Octets& payload);
Octets udp(std::uint16_t source, std::uint16_t destination, const Octets& payload);
Octets ethernet(std::uint16_t type, const Octets& payload);

// With the right TCP checksum over the pseudo header of the addresses given.
Octets tcp_over(const Ipv4Fields& ip, const TcpFields& fields);
Octets tcp_over(const Ipv6Fields& ip, const TcpFields& fields);
Octets packet4(const TcpFields& fields = {});  // IPv4 and TCP
Octets packet6(const TcpFields& fields = {});

constexpr int kDltEthernet = 1, kDltRaw = 12;

// `octets` must live as long as the frame; a wire length of 0 stands for all of them.
Frame frame_of(const Octets& octets, int link_type = kDltEthernet, std::size_t wire_length = 0);

Decoded decode_with(Decoder& decoder, const Octets& octets, int link_type = kDltEthernet,
                    std::size_t wire_length = 0);

// With a decoder of its own. They fail the test if something else comes out; the payload is not to be read.
TcpSegment segment_in(const Octets& octets, int link_type = kDltEthernet, std::size_t wire_length = 0);
IcmpError icmp_error_in(const Octets& octets, int link_type = kDltEthernet);
NotTcp verdict_on(const Octets& octets, int link_type = kDltEthernet, std::size_t wire_length = 0);

std::string describe(const Decoded& decoded);

}  // namespace tcpautopsy::test

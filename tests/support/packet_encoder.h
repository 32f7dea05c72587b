// From the fields of a segment to the bytes of an Ethernet frame: the inverse of decode/, for captures made
// by tests.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

using ByteVector = std::vector<std::uint8_t>;

// As TcpSegment::payload_sum.
std::uint16_t payload_sum(Bytes payload);

// The TCP header (options and all) and payload, with `segment.tcp_checksum` in its place.
ByteVector encode_tcp(const TcpSegment& segment);

// The checksum that RFC 9293 3.1 asks of the segment.
std::uint16_t right_checksum(const TcpSegment& segment);

// Ethernet, IPv4 or IPv6 by the addresses, TCP. A super-segment of more than 64 KiB gets IP length 0, as
// offloads show it.
ByteVector encode_frame(const TcpSegment& segment);

// Ethernet, IP, ICMP or ICMPv6 by the addresses, and the start of the quoted segment.
ByteVector encode_frame(const IcmpError& error);

}  // namespace tcpautopsy

#include "tests/support/packet_encoder.h"

#include <algorithm>

#include "analyzer/decode/checksum.h"

namespace tcpautopsy {

namespace {

constexpr std::uint8_t kProtocolTcp = 6, kProtocolIcmp = 1, kProtocolIcmpV6 = 58;
constexpr std::size_t kMaxOptions = 40;

void put8(ByteVector& out, unsigned value) { out.push_back(static_cast<std::uint8_t>(value)); }
void put16(ByteVector& out, unsigned value) {
  put8(out, (value >> 8) & 0xff);
  put8(out, value & 0xff);
}
void put32(ByteVector& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void append(ByteVector& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void set16(ByteVector& out, std::size_t at, unsigned value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value & 0xff);
}

Bytes octets(const IpAddress& ip) {
  const Bytes all(ip.octets);
  return ip.is_v4() ? all.subspan(12) : all;
}

// RFC 1071, not yet complemented.
std::uint32_t sum16(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}
std::uint16_t complement(std::uint32_t sum) {
  return static_cast<std::uint16_t>(~((sum & 0xffff) + (sum >> 16)) & 0xffff);
}

void put_timestamps(ByteVector& out, const TcpOptions& options) {
  put8(out, 8);
  put8(out, 10);
  put32(out, options.ts_val);
  put32(out, options.ts_ecr);
}

void put_sack(ByteVector& out, const TcpOptions& options) {
  const std::size_t room = (kMaxOptions - out.size() - 4) / 8;
  const std::size_t blocks = std::min<std::size_t>(options.sack_count, room);
  put16(out, 0x0101);
  put8(out, 5);
  put8(out, static_cast<unsigned>(2 + 8 * blocks));
  for (std::size_t i = 0; i < blocks; ++i) {
    put32(out, options.sack[i].left.raw());
    put32(out, options.sack[i].right.raw());
  }
}

void put_fast_open(ByteVector& out, const TcpOptions& options) {
  put8(out, 34);
  put8(out, 2U + options.fast_open_cookie_length);
  out.insert(out.end(), options.fast_open_cookie_length, std::uint8_t{0xc0});
}

// In the order that Linux writes them.
ByteVector encode_options(const TcpSegment& segment) {
  const TcpOptions& options = segment.options;
  ByteVector out;
  if (options.has_mss) {
    put16(out, 0x0204);
    put16(out, options.mss);
  }
  if (options.sack_permitted) put16(out, 0x0402);
  if (options.has_timestamps) {
    if (!options.sack_permitted) put16(out, 0x0101);
    put_timestamps(out, options);
  }
  if (options.has_window_scale) {
    put8(out, 1);
    put16(out, 0x0303);
    put8(out, options.window_scale);
  }
  if (options.fast_open) put_fast_open(out, options);
  if (options.multipath) {
    put16(out, 0x1e04);  // MP_CAPABLE without a key, version 1
    put16(out, 0x0101);
  }
  while (out.size() % 4 != 0) put8(out, 1);
  if (options.sack_count > 0) put_sack(out, options);
  return out;
}

ByteVector pseudo_header(const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                         std::size_t length) {
  ByteVector out;
  append(out, octets(from));
  append(out, octets(to));
  put32(out, static_cast<std::uint32_t>(length));
  put32(out, protocol);
  return out;
}

struct IpFields {
  IpAddress from, to;
  std::uint8_t protocol = 0, ttl = 64, ecn = 0;
  std::uint32_t id = 0;
};

ByteVector encode_ip(const IpFields& ip, std::size_t length) {
  ByteVector out;
  if (!ip.from.is_v4()) {
    put32(out, 0x60000000U | (std::uint32_t{ip.ecn} << 20));
    put16(out, static_cast<unsigned>(length > 0xffff ? 0 : length));
    put8(out, ip.protocol);
    put8(out, ip.ttl);
  } else {
    put16(out, 0x4500U | ip.ecn);
    put16(out, static_cast<unsigned>(length + 20 > 0xffff ? 0 : length + 20));
    put16(out, ip.id & 0xffff);
    put16(out, 0x4000);  // don't fragment
    put8(out, ip.ttl);
    put8(out, ip.protocol);
    put16(out, 0);
  }
  append(out, octets(ip.from));
  append(out, octets(ip.to));
  if (ip.from.is_v4()) set16(out, 10, complement(sum16(out)));
  return out;
}

ByteVector in_ethernet(const IpFields& ip, const ByteVector& ip_payload, std::size_t ip_payload_length) {
  ByteVector out{0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01};
  put16(out, ip.from.is_v4() ? 0x0800 : 0x86dd);
  append(out, encode_ip(ip, ip_payload_length));
  append(out, ip_payload);
  return out;
}

}  // namespace

ByteVector encode_tcp(const TcpSegment& segment) {
  const ByteVector options = encode_options(segment);
  ByteVector out;
  put16(out, segment.source.port);
  put16(out, segment.destination.port);
  put32(out, segment.seq.raw());
  put32(out, segment.has(kAck) ? segment.ack.raw() : 0);
  put16(out, static_cast<unsigned>((5 + options.size() / 4) << 12) | (segment.flags & 0x1ffU));
  put16(out, segment.window);
  put16(out, segment.tcp_checksum);
  put16(out, segment.urgent);
  append(out, options);
  append(out, segment.payload);
  return out;
}

std::uint16_t payload_sum(Bytes payload) {
  const std::uint16_t sum = decode::fold(decode::ones_complement_sum(payload));
  return sum == 0xffff ? std::uint16_t{0} : sum;
}

std::uint16_t right_checksum(const TcpSegment& segment) {
  TcpSegment blank = segment;
  blank.tcp_checksum = 0;
  const ByteVector tcp = encode_tcp(blank);
  const auto pseudo = pseudo_header(segment.source.ip, segment.destination.ip, kProtocolTcp, tcp.size());
  return complement(sum16(tcp, sum16(pseudo)));
}

ByteVector encode_frame(const TcpSegment& segment) {
  IpFields ip{segment.source.ip, segment.destination.ip, kProtocolTcp, segment.ttl,
              segment.ecn,       segment.ip_id};
  const ByteVector tcp = encode_tcp(segment);
  const std::size_t uncaptured =
      segment.payload_length - std::min<std::size_t>(segment.payload_length, segment.payload.size());
  return in_ethernet(ip, tcp, tcp.size() + uncaptured);
}

ByteVector encode_frame(const IcmpError& error) {
  constexpr std::size_t kTcpHeader = 20, kQuoted = 8;  // of it: RFC 792
  ByteVector quoted_tcp;
  put16(quoted_tcp, error.source.port);
  put16(quoted_tcp, error.destination.port);
  if (error.seq) put32(quoted_tcp, error.seq->raw());
  const bool v4 = error.source.ip.is_v4();
  const ByteVector quoted_ip =
      encode_ip({error.source.ip, error.destination.ip, kProtocolTcp, 64, 0, 0}, kTcpHeader);
  const IpFields ip{error.reporter, error.source.ip, v4 ? kProtocolIcmp : kProtocolIcmpV6, 64, 0, 0};
  ByteVector icmp;
  put8(icmp, error.type);
  put8(icmp, error.code);
  put16(icmp, 0);
  put32(icmp, error.mtu);  // RFC 1191 puts it in the low half, RFC 4443 uses all of it
  append(icmp, quoted_ip);
  append(icmp, quoted_tcp);
  const std::uint32_t start = v4 ? 0 : sum16(pseudo_header(ip.from, ip.to, kProtocolIcmpV6, icmp.size()));
  set16(icmp, 2, complement(sum16(icmp, start)));
  return in_ethernet(ip, icmp, icmp.size() + (error.seq ? 0 : kQuoted - quoted_tcp.size()));
}

}  // namespace tcpautopsy

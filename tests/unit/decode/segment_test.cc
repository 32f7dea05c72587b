#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "analyzer/decode/checksum.h"
#include "packet_builder.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

Octets set16(Octets octets, std::size_t at, std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value & 0xff);
  return octets;
}

constexpr std::size_t kTcpAt = 20;  // in a raw IPv4 packet without options

}  // namespace

TEST_CASE("all fields of the headers") {
  TcpFields fields;
  fields.source = 0;
  fields.destination = 65535;
  fields.seq = 0xffffffff;
  fields.ack = 0x80000000;
  fields.flags = kSyn | kFin | kUrg | kAe | kEce | kCwr;
  fields.window = 65535;
  fields.urgent = 3;
  Ipv4Fields ip;
  ip.tos = 0xb9;
  ip.ttl = 1;
  ip.id = 0xfffe;
  const Octets packet = ipv4(ip, tcp_over(ip, fields));
  const TcpSegment segment = segment_in(packet, kDltRaw);
  CHECK(segment.source.port == 0);
  CHECK(segment.destination.port == 65535);
  CHECK(segment.seq == Seq(0xffffffff));
  CHECK(segment.ack == Seq(0x80000000));
  CHECK(segment.flags == fields.flags);
  CHECK(segment.window == 65535);
  CHECK(segment.urgent == 3);
  CHECK(segment.ttl == 1);
  CHECK(segment.ecn == 1);
  CHECK(segment.has_ip_id);
  CHECK(segment.ip_id == 0xfffe);
  CHECK(segment.tcp_checksum == (packet[36] << 8 | packet[37]));
  CHECK(segment.sequence_length() == 7);
}

TEST_CASE("IPv6 has a traffic class and no identification") {
  Ipv6Fields ip;
  ip.traffic_class = 0x03;
  const TcpSegment segment = segment_in(ipv6(ip, tcp_over(ip, TcpFields{})), kDltRaw);
  CHECK(segment.ecn == 3);
  CHECK(segment.ttl == 62);
  CHECK_FALSE(segment.has_ip_id);
}

TEST_CASE("Ethernet padding is no payload") {
  TcpFields bare;
  bare.payload = {};
  const TcpSegment segment = segment_in(ethernet(0x0800, packet4(bare)) + hex("ffffffffffff"));
  CHECK(segment.payload_length == 0);
  CHECK(segment.payload.empty());
  CHECK(segment.checksum == Checksum::Good);
}

TEST_CASE("a payload that begins with TLS's ChangeCipherSpec is known") {
  const auto change = [](const Octets& payload) {
    TcpFields tcp;
    tcp.payload = payload;
    return segment_in(ethernet(0x0800, packet4(tcp))).change_cipher_spec;
  };
  CHECK(change(hex("140303000101")));
  CHECK(change(hex("140301000101") + hex("1603030028")));
  CHECK_FALSE(change(hex("1403030001")));
  CHECK_FALSE(change(hex("140303000102")));
  CHECK_FALSE(change(hex("160303000101")));
}

TEST_CASE("an unset IP length of an offloaded packet gives way to the frame's") {
  TcpFields big;
  big.payload = Octets(70000, 'x');
  const Octets four = ethernet(0x0800, set16(packet4(big), 2, 0));
  CHECK(segment_in(four).payload_length == 70000);
  const Octets six = ethernet(0x86dd, set16(packet6(big), 4, 0));
  CHECK(segment_in(six).payload_length == 70000);
  CHECK(segment_in(six).checksum == Checksum::Good);
  const Octets headers(four.begin(), four.begin() + 54);
  CHECK(segment_in(headers, kDltEthernet, 14 + 40 + 70000).payload_length == 70000);
  CHECK(verdict_on(headers, kDltEthernet, 0xffffffff) == NotTcp::Malformed);
}

TEST_CASE("padding past an 802.3 length does not count where the IP length is unset") {
  const Octets llc = hex("aaaa03 000000 0800") + set16(packet4(), 2, 0);
  CHECK(segment_in(ethernet(static_cast<std::uint16_t>(llc.size()), llc + zeros(9))).payload_length == 5);
}

TEST_CASE("a jumbogram's length stands in its option") {
  TcpFields big;
  big.payload = Octets(66000, 'x');
  const Octets segment = tcp_over(Ipv6Fields{}, big);
  const Octets hop_by_hop = hex("0600 c204") + be32(8 + segment.size());
  const Octets padding = hex("0000");
  const Octets jumbo = set16(ipv6({.next_header = 0}, hop_by_hop + segment), 4, 0);
  CHECK(segment_in(jumbo + padding, kDltRaw).payload_length == 66000);
  CHECK(segment_in(jumbo + padding, kDltRaw).checksum == Checksum::Good);
  const Octets forged = set16(ipv6({.next_header = 0}, hex("0600 c204 ffffffff") + segment), 4, 0);
  CHECK(verdict_on(forged, kDltRaw) == NotTcp::Malformed);
  const Octets beyond = set16(ipv6({.next_header = 0}, hex("0600 c204 00012000") + segment), 4, 0);
  CHECK(verdict_on(beyond, kDltRaw) == NotTcp::Malformed);
}

TEST_CASE("a snap length within the options keeps the fixed fields") {
  TcpFields syn;
  syn.flags = kSyn;
  syn.payload = {};
  syn.options = hex("020405b4 0402 080a 00000001 00000000 01 030307");
  const Octets packet = packet4(syn);
  for (std::size_t kept = 40; kept < packet.size(); ++kept) {
    INFO(kept);
    const Octets cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(kept));
    const TcpSegment segment = segment_in(cut, kDltRaw, packet.size());
    CHECK(segment.options.cut);
    CHECK(segment.seq == Seq(1000));
    CHECK(segment.flags == kSyn);
    CHECK(segment.payload_length == 0);
    CHECK(segment.payload.empty());
    CHECK(segment.options.has_mss == (kept >= 44));
    CHECK_FALSE(segment.options.malformed);
    CHECK(segment.checksum == Checksum::Unknown);
  }
  CHECK_FALSE(segment_in(packet, kDltRaw).options.cut);
}

TEST_CASE("lengths that contradict each other are malformed") {
  const Octets packet = packet4();
  Octets short_offset = packet, long_offset = packet;
  short_offset[kTcpAt + 12] = 0x40;
  long_offset[kTcpAt + 12] = 0xf0;
  CHECK(verdict_on(short_offset, kDltRaw) == NotTcp::Malformed);
  CHECK(verdict_on(long_offset, kDltRaw) == NotTcp::Malformed);
  CHECK(verdict_on(set16(packet, 2, 19), kDltRaw) == NotTcp::Malformed);
  CHECK(verdict_on(set16(packet, 2, 39), kDltRaw) == NotTcp::Malformed);  // 19 octets of TCP
  Octets short_header = packet, wrong_version = packet;
  short_header[0] = 0x44;
  wrong_version[0] = 0x65;
  CHECK(verdict_on(short_header, kDltRaw) == NotTcp::Malformed);
  CHECK(verdict_on(ethernet(0x0800, wrong_version)) == NotTcp::Malformed);
  CHECK(verdict_on(ethernet(0x86dd, packet)) == NotTcp::Malformed);
}

TEST_CASE("an original length below the captured one does not hide octets") {
  CHECK(segment_in(ethernet(0x0800, packet4()), kDltEthernet, 30).checksum == Checksum::Good);
}

TEST_CASE("the checksum of a segment of even and odd length") {
  for (std::size_t length = 0; length < 70; ++length) {
    TcpFields fields;
    fields.payload = Octets(length, 0xa5);
    for (const Octets& good : {packet4(fields), packet6(fields)}) {
      INFO(length);
      CHECK(segment_in(good, kDltRaw).checksum == Checksum::Good);
      Octets bad = good;
      bad.back() ^= 1U;
      CHECK(segment_in(bad, kDltRaw).checksum == Checksum::Bad);
      bad = good;
      bad[good.size() - length - 20] ^= 0x80U;
      CHECK(segment_in(bad, kDltRaw).checksum == Checksum::Bad);
      CHECK(segment_in(good, kDltRaw, good.size() + 1).checksum == Checksum::Good);
    }
  }
}

TEST_CASE("a checksum field of 0 or 0xffff") {
  // A payload that brings the rest of the sum to 0xffff makes the right field 0.
  TcpFields fields;
  fields.payload = hex("0000");
  const Octets probe = tcp_over(Ipv4Fields{}, fields);
  fields.payload = {probe[16], probe[17]};
  const Octets packet = packet4(fields);
  CHECK(packet[36] == 0);
  CHECK(packet[37] == 0);
  CHECK(segment_in(packet, kDltRaw).checksum == Checksum::Good);
  CHECK(segment_in(set16(packet, 36, 0xffff), kDltRaw).checksum == Checksum::Good);
  CHECK(segment_in(set16(packet, 36, 1), kDltRaw).checksum == Checksum::Bad);
}

TEST_CASE("the fast sum agrees with the plain one") {
  std::mt19937 random(1071);
  for (std::size_t length = 0; length < 300; ++length) {
    Octets octets(length);
    const bool all_ones = length % 3 == 0;
    for (auto& octet : octets) octet = static_cast<std::uint8_t>(all_ones ? 0xff : random() & 0xff);
    const std::uint16_t sum = decode::fold(decode::ones_complement_sum(octets));
    Octets in_memory_order(2);
    std::memcpy(in_memory_order.data(), &sum, 2);
    const unsigned fast = static_cast<unsigned>(in_memory_order[0] << 8 | in_memory_order[1]);
    INFO(length);
    CHECK(fast == (~unsigned{plain_checksum(octets)} & 0xffffU));
  }
}

TEST_CASE("flags are kept however odd they are") {
  for (unsigned flags = 0; flags < 0x200; ++flags) {
    TcpFields fields;
    fields.flags = static_cast<std::uint16_t>(flags);
    CHECK(segment_in(packet4(fields), kDltRaw).flags == flags);
  }
}

TEST_CASE("what PPPoE leaves room for is all there is") {
  const Octets packet = packet4({.payload = text("hello")});
  const auto length_with = [&](std::size_t ppp_octets) {
    return segment_in(ethernet(0x8864, hex("11 00 0001") + be16(ppp_octets) + hex("0021") + packet))
        .payload_length;
  };
  CHECK(length_with(2 + packet.size()) == 5);
  CHECK(length_with(2 + packet.size() - 2) == 3);
}

#include "samples.h"

namespace tcpautopsy::test {
namespace {

const Octets kSnapIpv4 = hex("aaaa03 000000 0800");

Octets wlan_header(std::string_view control, std::size_t length) { return hex(control) + zeros(length - 2); }

std::vector<Sample> ethernet_samples() {
  const Octets padding = hex("eeeeeeee eeee");
  return {
      {"Ethernet", 1, ethernet(0x0800, packet4())},
      {"Ethernet, IPv6", 1, ethernet(0x86dd, packet6()), true},
      {"Ethernet, padded", 1, ethernet(0x0800, packet4()) + padding, false, {}, "", padding.size()},
      {"802.3, SNAP", 1, ethernet(8 + 45, kSnapIpv4 + packet4()) + padding, false, {}, "", padding.size()},
      {"802.3, LLC for IP", 1, ethernet(3 + 45, hex("060603") + packet4())},
      {"802.1Q", 1, ethernet(0x8100, be16(0xe064) + be16(0x0800) + packet4()), false, {100}},
      {"802.1Q, priority only", 1, ethernet(0x8100, be16(0xe000) + be16(0x0800) + packet4())},
      {"802.1ad", 1, ethernet(0x88a8, hex("0007 8100 0ffe 86dd") + packet6()), true, {7, 4094}},
      {"QinQ 0x9100",
       1,
       ethernet(0x9100, hex("0005 9100 0006 8100 0007 0800") + packet4()),
       false,
       {5, 6, 7}},
      {"802.1Q, then SNAP", 1, ethernet(0x8100, be16(9) + be16(8 + 45) + kSnapIpv4 + packet4()), false, {9}},
      {"802.1BR", 1, ethernet(0x893f, hex("0000 1001 0000 0800") + packet4())},
      {"VN-Tag", 1, ethernet(0x8926, hex("00010002 0800") + packet4())},
      {"Cisco metadata", 1, ethernet(0x8909, hex("0101 0001 0010 0800") + packet4())},
      {"802.1ah",
       1,
       ethernet(0x88a8, hex("0014 88e7 00 012345") + ethernet(0x8100, hex("0015 0800") + packet4())),
       false,
       {20, 21},
       "pbb:74565"},
      {"MPLS", 1, ethernet(0x8847, hex("00010040 00011140") + packet4())},
      {"MPLS, IPv6", 1, ethernet(0x8848, hex("00010140") + packet6()), true},
      {"MPLS, pseudowire", 1, ethernet(0x8847, hex("00010140") + ethernet(0x0800, packet4()))},
      {"MPLS, pseudowire with control word", 1,
       ethernet(0x8847, hex("00010140 00000001") + ethernet(0x0800, packet4()))},
      {"MPLS, pseudowire to an address that begins with 4", 1,
       ethernet(0x8847, hex("00010140 450000ffffff 020000000001 0800") + packet4())},
      {"MPLS in a VLAN", 1, ethernet(0x8100, hex("0005 8847 00010140") + packet4()), false, {5}},
      {"MPLS in VLANs, two labels, padded",
       1,
       ethernet(0x88a8, hex("0005 8100 0006 8847 00010040 00011140") + packet4() + padding),
       false,
       {5, 6},
       "",
       padding.size()},
      {"MPLS in a VLAN, tagged pseudowire",
       1,
       ethernet(0x8100, hex("0005 8847 00010140 00000001") + ethernet(0x8100, hex("0007 0800") + packet4())),
       false,
       {5, 7}},
      {"MPLS, HDLC pseudowire", 1, ethernet(0x8847, hex("00010140 0f00 0800") + packet4())},
      {"MPLS, HDLC pseudowire with control word", 1,
       ethernet(0x8847, hex("00010140 00000001 0f00 86dd") + packet6()), true},
      {"MPLS, PPP pseudowire with control word", 1,
       ethernet(0x8847, hex("00010140 00000001 0021") + packet4())},
      {"PPPoE",
       1,
       ethernet(0x8864, hex("11 00 0001 002f 0021") + packet4() + padding),
       false,
       {},
       "",
       padding.size()},
      {"PPPoE in VLANs, IPv6",
       1,
       ethernet(0x88a8, hex("0001 8100 0002 8864 11000001 0043 0057") + packet6()),
       true,
       {1, 2}},
  };
}

std::vector<Sample> cooked_samples() {
  const Octets nflog_prefix = le16(10) + le16(10) + text("prefix") + zeros(2);
  return {
      {"null, little endian", 0, le32(2) + packet4()},
      {"null, big endian", 0, be32(2) + packet4()},
      {"null, IPv6 of Linux", 0, le32(10) + packet6(), true},
      {"null, IPv6 of Windows", 0, le32(23) + packet6(), true},
      {"null, IPv6 of OpenBSD", 0, be32(24) + packet6(), true},
      {"null, IPv6 of FreeBSD", 0, le32(28) + packet6(), true},
      {"null, IPv6 of macOS", 0, le32(30) + packet6(), true},
      {"loop", 108, be32(2) + packet4()},
      {"raw 12", 12, packet4()},
      {"raw 14", 14, packet6(), true},
      {"raw 101", 101, packet4()},
      {"IPv4", 228, packet4()},
      {"IPv6", 229, packet6(), true},
      {"Linux cooked", 113, hex("0000 0001 0006 0200000000010000 0800") + packet4()},
      {"Linux cooked, tagged",
       113,
       hex("0000 0001 0006 0200000000010000 8100 0003 86dd") + packet6(),
       true,
       {3}},
      {"Linux cooked, LLC", 113, hex("0000 0001 0006 0200000000010000 0004") + kSnapIpv4 + packet4()},
      {"Linux cooked 2", 276, hex("86dd 0000 00000002 0001 04 06 0200000000010000") + packet6(), true},
      {"NFLOG", 239, hex("02 00 0000") + nflog_prefix + le16(4 + 45) + le16(9) + packet4()},
      {"NFLOG, big endian", 239, hex("02 00 0000 0005000a aa000000") + be16(4 + 45) + be16(9) + packet4()},
      {"PKTAP", 258, le32(16) + le32(1) + le32(1) + zeros(4) + ethernet(0x0800, packet4())},
      {"OpenBSD enc", 109, le32(2) + zeros(8) + packet4()},
      {"pflog", 117, hex("3d 02") + zeros(62) + packet4()},
      {"PPI", 192, hex("00 00") + le16(8) + le32(1) + ethernet(0x0800, packet4())},
  };
}

std::vector<Sample> point_to_point_samples() {
  return {
      {"PPP", 9, hex("ff03 0021") + packet4()},
      {"PPP without address and control", 9, hex("0057") + packet6(), true},
      {"PPP with compressed protocol", 9, hex("21") + packet4()},
      {"PPP, MPLS", 9, hex("ff03 0281 00010140") + packet4()},
      {"serial PPP", 50, hex("ff03 0021") + packet4()},
      {"serial Cisco HDLC", 50, hex("0f00 0800") + packet4()},
      {"PPPoE alone", 51, hex("11 00 0001 002f 0021") + packet4()},
      {"Cisco HDLC", 104, hex("8f00 86dd") + packet6(), true},
      {"PPP in HDLC framing", 104, hex("ff03 0021") + packet4()},
      {"Cisco HDLC, MPLS", 104, hex("0f00 8847 00010140") + packet4()},
      {"frame relay", 107, hex("1841 03 cc") + packet4()},
      {"frame relay, SNAP", 107, hex("1841 03 00 80 000000 0800") + packet4()},
      {"PPP with direction", 204, hex("01 ff03 0021") + packet4()},
      {"Cisco HDLC with direction", 205, hex("00 0f00 0800") + packet4()},
      {"MPLS alone", 219, hex("00010140") + packet4()},
  };
}

std::vector<Sample> wlan_samples() {
  const Octets data = wlan_header("0802", 24) + kSnapIpv4 + packet4();
  return {
      {"802.11", 105, data},
      {"802.11 QoS", 105, wlan_header("8801", 26) + kSnapIpv4 + packet4()},
      {"802.11 QoS, four addresses", 105, wlan_header("8803", 32) + kSnapIpv4 + packet4()},
      {"802.11 QoS with HT control", 105, wlan_header("8881", 30) + kSnapIpv4 + packet4()},
      {"radiotap", 127, hex("00 00 0800 00000000") + data},
      {"radiotap with check sequence",
       127,
       hex("00 00 0900 02000000 10") + data + hex("deadbeef"),
       false,
       {},
       "",
       4},
      {"radiotap, padded", 127,
       hex("00 00 1900 03000080 00000000 00000000 1122334455667788 20") + wlan_header("8801", 28) +
           kSnapIpv4 + packet4()},
      {"Prism", 119, hex("44000000") + le32(144) + zeros(136) + data},
      {"AVS", 163, hex("80211001") + be32(64) + zeros(56) + data},
      {"AVS as Prism", 119, hex("80211001") + be32(64) + zeros(56) + data},
  };
}

std::vector<Sample> rare_samples() {
  return {
      {"token ring", 6, hex("1040 020000000002 020000000001") + kSnapIpv4 + packet4()},
      {"token ring with route", 6,
       hex("1040 020000000002 820000000001 0610 1234 5678") + kSnapIpv4 + packet4()},
      {"FDDI", 10, hex("50 020000000002 020000000001") + kSnapIpv4 + packet4()},
      {"ATM, RFC 1483", 11, kSnapIpv4 + packet4()},
      {"SunATM, LLC", 123, hex("82 00 0064") + kSnapIpv4 + packet4()},
      {"SunATM, LAN emulation", 123, hex("01 00 0064 0007") + ethernet(0x0800, packet4())},
      {"ARCNET", 129, hex("be50 a8e7 d4 00 0166") + packet4()},
      {"ARCNET, exception", 129, hex("be50 a8e7 d4 ff ffffff 00 0166") + packet4()},
      {"ARCNET, RFC 1051", 129, hex("be50 a8e7 f0") + packet4()},
      {"FireWire", 138, zeros(16) + hex("0800") + packet4()},
      {"Juniper", 178, hex("4d4743 80 0004 03010106") + ethernet(0x0800, packet4())},
      {"Juniper without extensions", 178, hex("4d4743 01") + ethernet(0x0800, packet4())},
      {"netANALYZER", 240, zeros(4) + ethernet(0x0800, packet4())},
      {"netANALYZER, transparent", 241, zeros(12) + ethernet(0x0800, packet4())},
      {"InfiniBand", 242, zeros(40) + hex("0800 0000") + packet4()},
      {"802.3br", 274, hex("55555555555555d5") + ethernet(0x0800, packet4())},
  };
}

Octets over4(std::uint8_t protocol, const Octets& payload) {
  Ipv4Fields outer;
  outer.protocol = protocol;
  outer.source = hex("c0000201");
  outer.destination = hex("c0000202");
  return ethernet(0x0800, ipv4(outer, payload));
}

Octets over6(std::uint8_t next_header, const Octets& payload) {
  Ipv6Fields outer;
  outer.next_header = next_header;
  outer.source = hex("fe800000000000000000000000000001");
  return ethernet(0x86dd, ipv6(outer, payload));
}

Octets over_udp(std::uint16_t port, const Octets& payload) { return over4(17, udp(50000, port, payload)); }

std::vector<Sample> gre_samples() {
  return {
      {"GRE", 1, over4(47, hex("0000 0800") + packet4()), false, {}, "gre"},
      {"GRE, all fields",
       1,
       over4(47, hex("b000 86dd 12340000 0000002a 00000001") + packet6()),
       true,
       {},
       "gre:42"},
      {"GRE with source routes",
       1,
       over4(47, hex("4000 0800 00000000 0800 00 04 0a000009 0000 00 00") + packet4()),
       false,
       {},
       "gre"},
      {"GRE, Ethernet",
       1,
       over6(47, hex("2000 6558 00000007") + ethernet(0x8100, hex("0005 0800") + packet4())),
       false,
       {5},
       "gre:7"},
      {"GRE, MPLS", 1, over4(47, hex("0000 8847 00010140") + packet4()), false, {}, "gre"},
      {"GRE, PPTP",
       1,
       over4(47, hex("3081 880b") + be16(4 + 45) + hex("0007 00000001 00000002 ff03 0021") + packet4()),
       false,
       {},
       "gre"},
      {"GRE, WCCP", 1, over4(47, hex("0000 883e 00000000") + packet4()), false, {}, "gre"},
      {"GRE, WCCP version 1", 1, over4(47, hex("0000 883e") + packet4()), false, {}, "gre"},
      {"GRE, 802.11",
       1,
       over4(47, hex("0000 8200") + wlan_header("8801", 26) + kSnapIpv4 + packet4()),
       false,
       {},
       "gre"},
  };
}

std::vector<Sample> erspan_samples() {
  const Octets inner = ethernet(0x0800, packet4());
  return {
      {"ERSPAN I", 1, over4(47, hex("0000 88be") + inner), false, {}, "erspan"},
      {"ERSPAN II",
       1,
       over4(47, hex("1000 88be 00000001 1001 0064 00000000") + inner),
       false,
       {},
       "erspan:100"},
      {"ERSPAN III",
       1,
       over4(47, hex("1000 22eb 00000001 2001 0065 00000000 0000 0000") + inner),
       false,
       {},
       "erspan:101"},
      {"ERSPAN III, subheader",
       1,
       over4(47, hex("1000 22eb 00000001 2001 0065 00000000 0000 0001 0000000000000000") + inner),
       false,
       {},
       "erspan:101"},
      {"ERSPAN III, IP",
       1,
       over4(47, hex("1000 22eb 00000001 2001 0065 00000000 0000 0800") + packet4()),
       false,
       {},
       "erspan:101"},
  };
}

std::vector<Sample> udp_tunnel_samples() {
  const Octets inner = ethernet(0x0800, packet4());
  const Octets vxlan = hex("08000000 00138900");  // 5001
  return {
      {"VXLAN", 1, over_udp(4789, vxlan + inner), false, {}, "vxlan:5001"},
      {"VXLAN, Linux port, IPv6 outside",
       1,
       over6(17, udp(50000, 8472, vxlan + inner)),
       false,
       {},
       "vxlan:5001"},
      {"VXLAN, tagged inside and outside",
       1,
       ethernet(0x8100, hex("0001 0800") +
                            ipv4({.protocol = 17},
                                 udp(1, 4789, vxlan + ethernet(0x8100, hex("0002 86dd") + packet6())))),
       true,
       {1, 2},
       "vxlan:5001"},
      {"VXLAN, then GRE",
       1,
       over_udp(4789, vxlan + over4(47, hex("0000 0800") + packet4())),
       false,
       {},
       "vxlan:5001/gre"},
      {"GENEVE", 1, over_udp(6081, hex("0000 6558 00000300") + inner), false, {}, "geneve:3"},
      {"GENEVE, options, IPv6",
       1,
       over_udp(6081, hex("0240 86dd 00000400 0102 80 01 00000000") + packet6()),
       true,
       {},
       "geneve:4"},
  };
}

std::vector<Sample> mobile_samples() {
  return {
      {"GTP-U", 1, over_udp(2152, hex("30 ff 002d 00000001") + packet4()), false, {}, "gtp"},
      {"GTP-U with number",
       1,
       over_udp(2152, hex("32 ff 0031 00000001 0007 00 00") + packet4()),
       false,
       {},
       "gtp"},
      {"GTP-U with extensions",
       1,
       over_udp(2152, hex("36 ff 0051 00000001 0007 00 85 01 1009 c0 02 00000000 0000 00") + packet6()),
       true,
       {},
       "gtp"},
      {"Teredo", 1, over_udp(3544, packet6()), true, {}, "teredo"},
      {"GRE in UDP", 1, over_udp(4754, hex("0000 0800") + packet4()), false, {}, "gre"},
      {"GRE in UDP with a key, over IPv6",
       1,
       over6(17, udp(50000, 4754, hex("2000 86dd 00000009") + packet6())),
       true,
       {},
       "gre:9"},
      {"MPLS in UDP", 1, over_udp(6635, hex("00010140") + packet4())},
      {"AYIYA",
       1,
       over_udp(5072, hex("41 52 11 29 60000000") + zeros(16) + zeros(20) + packet6()),
       true,
       {},
       "ayiya"},
      {"CAPWAP, 802.3",
       1,
       over_udp(5247, hex("00 100000 00000000") + ethernet(0x0800, packet4())),
       false,
       {},
       "capwap"},
      {"CAPWAP, 802.11",
       1,
       over_udp(5247, hex("00 100300 00000000") + wlan_header("8801", 26) + kSnapIpv4 + packet4()),
       false,
       {},
       "capwap"},
      {"CAPWAP, 802.11 with the radio's address, control field turned round",
       1,
       over_udp(5247, hex("00 200310 00000000 06020000000001 00") + wlan_header("0188", 26) + kSnapIpv4 +
                          packet4()),
       false,
       {},
       "capwap"},
      {"Teredo with indications",
       1,
       over_udp(3544, hex("0001 0201 aabb cc 0000000000000000 00 0000 1234 01020304") + packet6()),
       true,
       {},
       "teredo"},
  };
}

}  // namespace

std::size_t Sample::header_end() const { return octets.size() - trailer - 5; }

std::vector<Sample> link_samples() {
  std::vector<Sample> samples;
  for (const auto& some :
       {ethernet_samples(), cooked_samples(), point_to_point_samples(), wlan_samples(), rare_samples()}) {
    samples.insert(samples.end(), some.begin(), some.end());
  }
  return samples;
}

std::vector<Sample> ip_samples() {
  const Octets segment6 = tcp_over(Ipv6Fields{}, {}), segment4 = tcp_over(Ipv4Fields{}, {});
  const Octets pads = hex("0104 00000000"), authentication = hex("06 04 0000 00000001 00000002") + zeros(12);
  Ipv4Fields with_options;
  with_options.options = hex("9404 0000 01 07 07 04 00000000");
  const Octets source_route = hex("0602 0001 00000000") + Ipv6Fields{}.destination;
  Ipv6Fields routed;
  routed.next_header = 43;
  routed.destination = hex("20010db8000000000000000000000099");
  return {
      {"IPv4 with options", 12, ipv4(with_options, segment4)},
      {"IPv4 with AH", 12, ipv4({.protocol = 51}, authentication + segment4)},
      {"IPv6, hop by hop", 12, ipv6({.next_header = 0}, hex("0600") + pads + segment6), true},
      {"IPv6, destination options twice", 12,
       ipv6({.next_header = 60}, hex("3c00") + pads + hex("0600") + pads + segment6), true},
      {"IPv6, source route", 12, ipv6(routed, source_route + segment6), true},
      {"IPv6, segment routing", 12,
       ipv6(routed, hex("0602 0401 00000000") + Ipv6Fields{}.destination + segment6), true},
      {"IPv6, source route at its end", 12,
       ipv6({.next_header = 43}, hex("0602 0000 00000000") + routed.destination + segment6), true},
      {"IPv6, atomic fragment", 12, ipv6({.next_header = 44}, hex("0600 0000 00abcdef") + segment6), true},
      {"IPv6 with AH", 12, ipv6({.next_header = 51}, authentication + segment6), true},
      {"IPv4 in IPv4", 1, over4(4, packet4())},
      {"IPv6 in IPv4", 1, over4(41, packet6()), true},
      {"IPv4 in IPv6", 1, over6(4, packet4())},
      {"IPv6 in IPv6", 1, over6(41, packet6()), true},
      {"MPLS in IP", 1, over4(137, hex("00010140") + packet4())},
      {"Ethernet in IP", 1, over4(97, hex("3000") + ethernet(0x0800, packet4())), false, {}, "etherip"},
  };
}

std::vector<Sample> tunnel_samples() {
  std::vector<Sample> samples;
  for (const auto& some : {gre_samples(), erspan_samples(), udp_tunnel_samples(), mobile_samples()}) {
    samples.insert(samples.end(), some.begin(), some.end());
  }
  return samples;
}

std::vector<Sample> all_samples() {
  std::vector<Sample> samples = link_samples();
  for (const auto& some : {ip_samples(), tunnel_samples()})
    samples.insert(samples.end(), some.begin(), some.end());
  return samples;
}

}  // namespace tcpautopsy::test

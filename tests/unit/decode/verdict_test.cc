#include <catch2/catch.hpp>
#include <set>

#include "analyzer/decode/encapsulation.h"
#include "packet_builder.h"
#include "samples.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

TEST_CASE("whole packets of other protocols") {
  const struct {
    const char* name;
    int link_type;
    Octets octets;
  } others[] = {
      {"ARP", 1, ethernet(0x0806, zeros(28))},
      {"spanning tree", 1, ethernet(38, hex("424203") + zeros(35))},
      {"Cisco discovery", 1, ethernet(8, hex("aaaa03 00000c 2000"))},
      {"an EtherType between length and type", 1, ethernet(1501, zeros(60))},
      {"DNS", 1, ethernet(0x0800, ipv4({.protocol = 17}, udp(50000, 53, zeros(20))))},
      {"ESP", 1, ethernet(0x0800, ipv4({.protocol = 50}, zeros(20)))},
      {"no next header", 1, ethernet(0x86dd, ipv6({.next_header = 59}, {}))},
      {"ICMPv6 over IPv4", 1, ethernet(0x0800, ipv4({.protocol = 58}, zeros(20)))},
      {"a VXLAN port without its flag", 1, ethernet(0x0800, ipv4({.protocol = 17}, udp(1, 4789, zeros(60))))},
      {"a VXLAN port with a short datagram", 1,
       ethernet(0x0800, ipv4({.protocol = 17}, udp(1, 4789, zeros(3))))},
      {"GTP echo", 1,
       ethernet(0x0800, ipv4({.protocol = 17}, udp(2152, 2152, hex("32010004000000000000 0000"))))},
      {"GENEVE control", 1,
       ethernet(0x0800, ipv4({.protocol = 17}, udp(1, 6081, hex("0080 6558 00000300"))))},
      {"Teredo bubble server", 1, ethernet(0x0800, ipv4({.protocol = 17}, udp(1, 3544, zeros(20))))},
      {"GRE version 2", 1, ethernet(0x0800, ipv4({.protocol = 47}, hex("0002 0800") + packet4()))},
      {"PPP LCP", 9, hex("ff03 c021 01010004")},
      {"PPPoE discovery", 51, hex("1109 0000 0004 01010000")},
      {"raw, neither version", 12, hex("00 00 00 00")},
      {"null, AppleTalk", 0, le32(16) + zeros(20)},
      {"802.11 beacon", 105, hex("8000") + zeros(60)},
      {"802.11 encrypted", 105, hex("0842") + zeros(60)},
      {"802.11 null function", 105, hex("4801") + zeros(22)},
      {"802.11 aggregate", 105, hex("8801") + zeros(22) + hex("80 00") + zeros(60)},
      {"802.11 fragment", 105, hex("0806") + zeros(60)},
      {"FDDI station management", 10, hex("41") + zeros(60)},
      {"SunATM, LAN emulation control", 123, hex("81 00 0005 ff00") + ethernet(0x0800, packet4())},
      {"SunATM, signalling", 123, hex("06 00 0005") + hex("aaaa03 000000 0800") + packet4()},
      {"NFLOG without a packet", 239, hex("02 00 0000") + le16(8) + le16(2) + zeros(4)},
  };
  for (const auto& other : others) {
    INFO(other.name);
    CHECK(verdict_on(other.octets, other.link_type) == NotTcp::OtherProtocol);
  }
}

TEST_CASE("link types that are not known") {
  for (const int link_type : {-1, 2, 147, 189, 230, 253, 65535, 1 << 30}) {
    CHECK(verdict_on(packet4(), link_type) == NotTcp::UnknownLinkType);
  }
  CHECK(verdict_on(hex("00 00") + le16(8) + le32(192) + packet4(), 192) == NotTcp::UnknownLinkType);
  CHECK(verdict_on(hex("00 00") + le16(8) + le32(0x80000000) + packet4(), 192) == NotTcp::UnknownLinkType);
}

TEST_CASE("nesting is bounded") {
  Octets deep = packet4();
  for (int i = 0; i < 20; ++i) deep = ipv4({.protocol = 4}, deep);
  CHECK(segment_in(deep, kDltRaw).payload_length == 5);
  for (int i = 0; i < 40; ++i) deep = ipv4({.protocol = 4}, deep);
  CHECK(verdict_on(deep, kDltRaw) == NotTcp::Malformed);

  Octets tagged = be16(0x0800) + packet4();
  for (int i = 0; i < 8; ++i) tagged = hex("8100 0001") + tagged;
  CHECK(segment_in(zeros(12) + tagged).payload_length == 5);
  CHECK(verdict_on(zeros(12) + hex("8100 0001") + tagged) == NotTcp::Malformed);

  Octets tunnels = packet4();
  for (int i = 0; i < 8; ++i) tunnels = ipv4({.protocol = 47}, hex("0000 0800") + tunnels);
  CHECK(segment_in(tunnels, kDltRaw).payload_length == 5);
  CHECK(verdict_on(ipv4({.protocol = 47}, hex("0000 0800") + tunnels), kDltRaw) == NotTcp::Malformed);

  Octets extensions = packet6();
  Octets chain;
  for (int i = 0; i < 8000; ++i) chain += hex("2c00 0000 00000000");  // atomic fragments without end
  CHECK(verdict_on(ipv6({.next_header = 44}, chain), kDltRaw) == NotTcp::Malformed);
}

TEST_CASE("the counts add up to the frames") {
  Decoder decoder;
  std::uint64_t frames = 0;
  for (const Sample& sample : all_samples()) {
    for (std::size_t kept = 0; kept <= sample.octets.size(); ++kept, ++frames) {
      const Octets cut(sample.octets.begin(), sample.octets.begin() + static_cast<std::ptrdiff_t>(kept));
      decode_with(decoder, cut, sample.link_type, kept % 2 == 0 ? 0 : sample.octets.size());
    }
  }
  const DecodeCounts& counts = decoder.counts();
  CHECK(counts.tcp + counts.icmp_errors + counts.other + counts.fragments_held + counts.cut_short +
            counts.malformed + counts.unknown_link_type ==
        frames);
}

TEST_CASE("each encapsulation is numbered once and references to it stay good") {
  Decoder decoder;
  const Encapsulation& none = decoder.encapsulation(0);
  CHECK(none == Encapsulation{});
  std::set<std::uint32_t> indices;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t vlan = 1; vlan < 4095; ++vlan) {
      const Octets octets = ethernet(0x8100, be16(vlan) + be16(0x0800) + packet4());
      const auto segment = std::get<TcpSegment>(decode_with(decoder, octets));
      CHECK(decoder.encapsulation(segment.encapsulation).vlan ==
            std::vector{static_cast<std::uint16_t>(vlan)});
      indices.insert(segment.encapsulation);
    }
  }
  CHECK(indices.size() == 4094);
  CHECK(&none == &decoder.encapsulation(0));
}

TEST_CASE("the table of encapsulations is bounded") {
  decode::EncapsulationTable table(DecodeBounds().encapsulations);
  std::uint32_t highest = 0;
  for (std::uint32_t id = 0; id < 100'000; ++id) {
    decode::EncapsulationPath path;
    REQUIRE(path.add_tunnel(decode::Tunnel::Vxlan, id));
    highest = std::max(highest, table.index_of(path));
  }
  CHECK(highest == DecodeBounds().encapsulations);
  CHECK(table.at(highest).tunnel == "other");
  CHECK(table.at(1).tunnel == "vxlan:0");
  decode::EncapsulationPath early;
  REQUIRE(early.add_tunnel(decode::Tunnel::Vxlan, 17));
  CHECK(table.index_of(early) == 18);
}

TEST_CASE("paths differ by order, kind, identifier and VLAN") {
  using decode::EncapsulationPath;
  using decode::Tunnel;
  std::vector<EncapsulationPath> paths(7);
  REQUIRE((paths[0].add_vlan(1) && paths[0].add_vlan(2)));
  REQUIRE((paths[1].add_vlan(2) && paths[1].add_vlan(1)));
  REQUIRE(paths[2].add_vlan(1));
  REQUIRE(paths[3].add_tunnel(Tunnel::Gre));
  REQUIRE(paths[4].add_tunnel(Tunnel::Gre, 0));
  REQUIRE((paths[5].add_tunnel(Tunnel::Gre) && paths[5].add_tunnel(Tunnel::Gtp)));
  REQUIRE((paths[6].add_tunnel(Tunnel::Gtp) && paths[6].add_tunnel(Tunnel::Gre)));
  for (std::size_t i = 0; i < paths.size(); ++i) {
    for (std::size_t j = 0; j < paths.size(); ++j) {
      INFO(i << " and " << j);
      CHECK((paths[i] == paths[j]) == (i == j));
      CHECK(((paths[i] < paths[j]) + (paths[j] < paths[i])) == (i == j ? 0 : 1));
    }
  }
}

TEST_CASE("frames of more headers than any network's are counted") {
  Decoder decoder;
  const auto nested = [](int depth) {
    Octets packet = packet4();
    for (int i = 0; i < depth; ++i) packet = ipv4({.protocol = 4}, packet);
    return packet;
  };
  CHECK(std::holds_alternative<TcpSegment>(decode_with(decoder, nested(28), kDltRaw)));
  CHECK(decoder.counts().too_deep == 0);
  CHECK(std::get<NotTcp>(decode_with(decoder, nested(40), kDltRaw)) == NotTcp::Malformed);
  CHECK(decoder.counts().too_deep == 1);
  CHECK(decoder.counts().malformed == 1);
}

TEST_CASE("frames of more VLAN tags than are told apart are counted") {
  Decoder decoder;
  const auto tagged = [](int tags) {
    Octets frame = hex("0800") + packet4();
    for (int i = 1; i < tags; ++i) frame = hex("81000001") + frame;
    return ethernet(0x8100, hex("0001") + frame);
  };
  CHECK(std::holds_alternative<TcpSegment>(decode_with(decoder, tagged(8))));
  CHECK(decoder.counts().too_nested == 0);
  CHECK(std::get<NotTcp>(decode_with(decoder, tagged(9))) == NotTcp::Malformed);
  CHECK(decoder.counts().too_nested == 1);
  CHECK(decoder.counts().too_deep == 0);
}

TEST_CASE("how many encapsulations are told apart may be chosen") {
  Decoder decoder({.encapsulations = 2});
  const auto on_vlan = [](unsigned id) { return ethernet(0x8100, be16(id) + hex("0800") + packet4()); };
  for (unsigned id = 1; id < 4; ++id) decode_with(decoder, on_vlan(id));
  CHECK(decoder.counts().encapsulations_joined == 2);
}

TEST_CASE("packets in encapsulations beyond those that are told apart are counted") {
  Decoder decoder;
  const auto in_vxlan = [](std::uint32_t id) {
    return ethernet(
        0x0800,
        ipv4({.protocol = 17},
             udp(1, 4789, hex("08000000") + be32(std::size_t{id} << 8) + ethernet(0x0800, packet4()))));
  };
  for (std::uint32_t id = 1; id < DecodeBounds().encapsulations; ++id) decode_with(decoder, in_vxlan(id));
  CHECK(decoder.counts().encapsulations_joined == 0);
  decode_with(decoder, in_vxlan(0x100001));
  const Decoded joined = decode_with(decoder, in_vxlan(0x100002));
  CHECK(decoder.counts().encapsulations_joined == 2);
  CHECK(decoder.encapsulation(std::get<TcpSegment>(joined).encapsulation).tunnel == "other");
  decode_with(decoder, in_vxlan(1));
  CHECK(decoder.counts().encapsulations_joined == 2);
  // A packet in two fragments is one.
  const Octets whole = tcp({});
  const auto fragment = [&](std::uint16_t place, std::size_t from, std::size_t until) {
    const Octets part(whole.begin() + static_cast<std::ptrdiff_t>(from),
                      whole.begin() + static_cast<std::ptrdiff_t>(until));
    return ethernet(0x0800,
                    ipv4({.protocol = 17}, udp(1, 4789,
                                               hex("08000000") + be32(std::size_t{0x100003} << 8) +
                                                   ethernet(0x0800, ipv4({.fragment = place}, part)))));
  };
  CHECK(std::get<NotTcp>(decode_with(decoder, fragment(0x2000, 0, 16))) == NotTcp::FragmentHeld);
  CHECK(std::holds_alternative<TcpSegment>(decode_with(decoder, fragment(2, 16, whole.size()))));
  CHECK(decoder.counts().encapsulations_joined == 3);
}

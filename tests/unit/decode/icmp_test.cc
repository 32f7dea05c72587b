#include <catch2/catch.hpp>

#include "packet_builder.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

// From a router, 192.0.2.9 or 2001:db8::9, to the sender of the quoted segment.
Octets icmp4(std::uint8_t type, std::uint8_t code, const Octets& rest, const Octets& quote) {
  Ipv4Fields ip;
  ip.protocol = 1;
  ip.source = hex("c0000209");
  ip.destination = hex("0a000001");
  return ipv4(ip, Octets{type, code} + be16(0) + rest + quote);
}

Octets icmp6(std::uint8_t type, std::uint8_t code, const Octets& rest, const Octets& quote) {
  Ipv6Fields ip;
  ip.next_header = 58;
  ip.source = hex("20010db8000000000000000000000009");
  ip.destination = hex("20010db8000000000000000000000001");
  return ipv6(ip, Octets{type, code} + be16(0) + rest + quote);
}

Octets first(const Octets& octets, std::size_t count) {
  return {octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(count)};
}

void check_quote(const IcmpError& error, bool v6) {
  CHECK(error.v6 == v6);
  CHECK(to_string(error.reporter) == (v6 ? "2001:db8::9" : "192.0.2.9"));
  CHECK(to_string(error.source.ip) == (v6 ? "2001:db8::1" : "10.0.0.1"));
  CHECK(to_string(error.destination.ip) == (v6 ? "2001:db8::2" : "10.0.0.2"));
  CHECK(error.source.port == 40000);
  CHECK(error.destination.port == 80);
  CHECK(error.seq == Seq(1000));
}

}  // namespace

TEST_CASE("errors that quote a segment down to its first eight octets") {
  const Octets whole4 = packet4(), whole6 = packet6();
  for (const auto type : Octets{3, 11, 12}) {
    for (std::size_t quoted = 28; quoted <= whole4.size(); ++quoted) {
      const IcmpError error = icmp_error_in(icmp4(type, 1, zeros(4), first(whole4, quoted)), kDltRaw);
      check_quote(error, false);
      CHECK(error.type == type);
      CHECK(error.code == 1);
      CHECK(error.mtu == 0);
    }
  }
  for (const auto type : Octets{1, 3, 4}) {
    for (std::size_t quoted = 48; quoted <= whole6.size(); ++quoted) {
      const IcmpError error = icmp_error_in(icmp6(type, 0, zeros(4), first(whole6, quoted)), kDltRaw);
      check_quote(error, true);
      CHECK(error.mtu == 0);
    }
  }
}

TEST_CASE("the next hop's MTU") {
  CHECK(icmp_error_in(icmp4(3, 4, hex("0000 0578"), packet4()), kDltRaw).mtu == 1400);
  CHECK(icmp_error_in(icmp4(3, 3, hex("0000 0578"), packet4()), kDltRaw).mtu == 0);
  CHECK(icmp_error_in(icmp4(12, 4, hex("0000 0578"), packet4()), kDltRaw).mtu == 0);
  CHECK(icmp_error_in(icmp6(2, 0, hex("00000500"), packet6()), kDltRaw).mtu == 1280);
}

TEST_CASE("a quote's own lengths do not count") {
  TcpFields big;
  big.payload = Octets(1400, 'x');
  check_quote(icmp_error_in(icmp4(3, 4, zeros(4), first(packet4(big), 28)), kDltRaw), false);
  Octets zero_length = packet4();
  zero_length[2] = zero_length[3] = 0;
  check_quote(icmp_error_in(icmp4(3, 4, zeros(4), zero_length), kDltRaw), false);
}

TEST_CASE("quotes with IP options, extension headers and first fragments") {
  Ipv4Fields options;
  options.options = hex("9404 0000");
  check_quote(icmp_error_in(icmp4(3, 1, zeros(4), ipv4(options, tcp({}))), kDltRaw), false);
  Ipv4Fields first_fragment;
  first_fragment.fragment = 0x2000;
  check_quote(icmp_error_in(icmp4(11, 1, zeros(4), ipv4(first_fragment, tcp({}))), kDltRaw), false);
  const Octets extended = ipv6({.next_header = 0}, hex("2c00 0104 00000000 0600 0001 00000001") + tcp({}));
  check_quote(icmp_error_in(icmp6(3, 1, zeros(4), extended), kDltRaw), true);
}

TEST_CASE("a quote that the snap length cuts behind the ports") {
  const Octets whole4 = icmp4(3, 3, zeros(4), packet4()), whole6 = icmp6(1, 4, zeros(4), packet6());
  for (const auto& [whole, ports] : {std::pair{whole4, std::size_t{48}}, {whole6, std::size_t{88}}}) {
    for (std::size_t kept = ports; kept <= ports + 8; ++kept) {
      Decoder decoder;
      const Octets there = first(whole, kept);
      const Decoded decoded = decode_with(decoder, there, kDltRaw, whole.size());
      if (kept < ports + 4) {
        CHECK(std::get<NotTcp>(decoded) == NotTcp::CutShort);
        continue;
      }
      const auto& error = std::get<IcmpError>(decoded);
      CHECK(error.source.port == 40000);
      CHECK(error.destination.port == 80);
      CHECK(error.seq == (kept < ports + 8 ? std::nullopt : std::optional(Seq(1000))));
    }
  }
}

TEST_CASE("errors inside VLANs and tunnels") {
  const Octets octets = ethernet(
      0x8100,
      hex("0007 0800") +
          ipv4({.protocol = 17},
               udp(1, 4789, hex("08000000 00138900") + ethernet(0x0800, icmp4(3, 1, zeros(4), packet4())))));
  Decoder decoder;
  const Decoded decoded = decode_with(decoder, octets);
  REQUIRE(std::holds_alternative<IcmpError>(decoded));
  const auto& error = std::get<IcmpError>(decoded);
  check_quote(error, false);
  CHECK(decoder.encapsulation(error.encapsulation).vlan == std::vector<std::uint16_t>{7});
  CHECK(decoder.encapsulation(error.encapsulation).tunnel == "vxlan:5001");
}

TEST_CASE("ICMP that tells of no lost segment") {
  CHECK(verdict_on(icmp4(5, 1, zeros(4), packet4()), kDltRaw) == NotTcp::OtherProtocol);  // redirect
  CHECK(verdict_on(icmp4(8, 0, zeros(4), packet4()), kDltRaw) == NotTcp::OtherProtocol);  // echo
  CHECK(verdict_on(icmp6(128, 0, zeros(4), packet6()), kDltRaw) == NotTcp::OtherProtocol);
  CHECK(verdict_on(icmp6(137, 0, zeros(4), packet6()), kDltRaw) == NotTcp::OtherProtocol);
  CHECK(verdict_on(icmp4(3, 3, zeros(4), ipv4({.protocol = 17}, udp(1, 53, zeros(8)))), kDltRaw) ==
        NotTcp::OtherProtocol);
  CHECK(verdict_on(icmp6(1, 4, zeros(4), ipv6({.next_header = 17}, udp(1, 53, zeros(8)))), kDltRaw) ==
        NotTcp::OtherProtocol);
  Ipv4Fields later_fragment;
  later_fragment.fragment = 0x0005;
  CHECK(verdict_on(icmp4(11, 1, zeros(4), ipv4(later_fragment, tcp({}))), kDltRaw) == NotTcp::OtherProtocol);
  const Octets later6 = ipv6({.next_header = 44}, hex("0600 0010 00000001") + tcp({}));
  CHECK(verdict_on(icmp6(3, 1, zeros(4), later6), kDltRaw) == NotTcp::OtherProtocol);
  CHECK(verdict_on(icmp6(1, 0, zeros(4), ipv6({.next_header = 41}, packet6())), kDltRaw) ==
        NotTcp::OtherProtocol);
}

TEST_CASE("quotes that are too short") {
  for (const bool v6 : {false, true}) {
    const Octets quote = v6 ? first(packet6(), 48) : first(packet4(), 28);
    const Octets whole = v6 ? icmp6(1, 0, zeros(4), quote) : icmp4(3, 0, zeros(4), quote);
    for (std::size_t kept = 0; kept < whole.size() - 4; ++kept) {  // with the ports it is of use
      INFO("IPv6 " << v6 << " cut at " << kept);
      CHECK(verdict_on(first(whole, kept), kDltRaw, whole.size()) == NotTcp::CutShort);
    }
    for (std::size_t quoted = 0; quoted < quote.size(); ++quoted) {
      const Octets part = first(quote, quoted);
      const Octets octets = v6 ? icmp6(1, 0, zeros(4), part) : icmp4(3, 0, zeros(4), part);
      CHECK(verdict_on(octets, kDltRaw) == NotTcp::Malformed);
    }
  }
}

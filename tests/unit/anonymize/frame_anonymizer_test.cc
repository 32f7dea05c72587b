#include "analyzer/anonymize/frame_anonymizer.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/decode/samples.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

const AnonymizeKey& key() {
  static const AnonymizeKey one("a key for tests");
  return one;
}

Octets anonymized(const Octets& octets, int link_type = kDltEthernet, std::size_t wire_length = 0) {
  FrameAnonymizer anonymizer(key());
  const Frame made = anonymizer.of(frame_of(octets, link_type, wire_length));
  return {made.bytes.begin(), made.bytes.end()};
}

IpAddress stands_for(const IpAddress& address) {
  AddressCipher cipher(key());
  return cipher.of(address);
}

bool holds(const Octets& octets, const Octets& part) {
  return std::search(octets.begin(), octets.end(), part.begin(), part.end()) != octets.end();
}

// All but addresses and payload.
void check_alike(const TcpSegment& before, const TcpSegment& after) {
  CHECK(after.source.ip == stands_for(before.source.ip));
  CHECK(after.destination.ip == stands_for(before.destination.ip));
  CHECK(after.source.port == before.source.port);
  CHECK(after.destination.port == before.destination.port);
  CHECK(after.seq == before.seq);
  CHECK(after.ack == before.ack);
  CHECK(after.payload_length == before.payload_length);
  CHECK(after.payload.size() == before.payload.size());
  CHECK(after.flags == before.flags);
  CHECK(after.window == before.window);
  CHECK(after.ttl == before.ttl);
  CHECK(after.ecn == before.ecn);
  CHECK(after.ip_id == before.ip_id);
  CHECK(after.checksum == before.checksum);
  CHECK(after.beyond_frame == before.beyond_frame);
  CHECK(after.options.malformed == before.options.malformed);
  CHECK(after.options.ts_val == before.options.ts_val);
  CHECK(after.options.mss == before.options.mss);
  CHECK(after.options.sack_count == before.options.sack_count);
  CHECK(after.options.fast_open_cookie_length == before.options.fast_open_cookie_length);
}

void check_same_find(const Octets& octets, int link_type, std::size_t wire_length, const Octets& made) {
  Decoder one, other;
  const Decoded before = one.decode(frame_of(octets, link_type, wire_length));
  const Decoded after = other.decode(frame_of(made, link_type, wire_length));
  INFO(describe(before) << " / " << describe(after));
  REQUIRE(before.index() == after.index());
  if (const auto* segment = std::get_if<TcpSegment>(&before)) {
    check_alike(*segment, std::get<TcpSegment>(after));
    CHECK(other.encapsulation(std::get<TcpSegment>(after).encapsulation) ==
          one.encapsulation(segment->encapsulation));
  }
}

bool holds_originals(const Octets& made, const Octets& original) {
  for (const Octets& address : {hex("0a000001"), hex("0a000002"), hex("20010db8000000000000000000000001"),
                                hex("20010db8000000000000000000000002")})
    if (holds(original, address) && holds(made, address)) return true;
  return false;
}

}  // namespace

TEST_CASE("every link type, tunnel and extension header: the decoder finds the same, cut anywhere") {
  for (const Sample& sample : all_samples()) {
    for (std::size_t kept = 0; kept <= sample.octets.size(); ++kept) {
      INFO(sample.name << " cut at " << kept);
      const Octets cut(sample.octets.begin(), sample.octets.begin() + static_cast<std::ptrdiff_t>(kept));
      const Octets made = anonymized(cut, sample.link_type, sample.octets.size());
      REQUIRE(made.size() == cut.size());
      CHECK_FALSE(holds(made, text("hello")));
      CHECK_FALSE(holds_originals(made, cut));
      // What stops short of the TCP header is not told from another protocol.
      if (kept >= sample.header_end()) check_same_find(cut, sample.link_type, sample.octets.size(), made);
    }
  }
}

TEST_CASE("checksums are right where they were right, wrong where they were wrong") {
  Octets good = ethernet(0x0800, packet4());
  CHECK(segment_in(anonymized(good)).checksum == Checksum::Good);
  Octets bad = good;
  bad.back() ^= 0x40;
  CHECK(segment_in(anonymized(bad)).checksum == Checksum::Bad);
  CHECK(anonymized(bad).size() == bad.size());
  // The IP header too.
  const auto header_sum = [](const Octets& frame) {
    return plain_checksum(Octets(frame.begin() + 14, frame.begin() + 34));
  };
  const bool was_right = header_sum(good) == 0 || header_sum(good) == 0xffff;
  const std::uint16_t now = header_sum(anonymized(good));
  CHECK((now == 0 || now == 0xffff) == was_right);
}

TEST_CASE("a checksum left to the network card stays one, and tells nothing of the payload") {
  Octets octets = ethernet(0x0800, ipv4({}, tcp({})));
  const auto fill = [](Octets& frame) {
    const Octets pseudo =
        Octets(frame.begin() + 26, frame.begin() + 34) + hex("0006") + be16(frame.size() - 34);
    const std::uint16_t sum = static_cast<std::uint16_t>(~plain_checksum(pseudo));
    frame[50] = static_cast<std::uint8_t>(sum >> 8);
    frame[51] = static_cast<std::uint8_t>(sum);
  };
  fill(octets);
  const Octets made = anonymized(octets);
  Octets expected = made;
  fill(expected);
  CHECK(made == expected);
}

TEST_CASE("fragments come together to a segment with a right checksum") {
  TcpFields fields;
  fields.payload = zeros(40) + text("what was said in confidence");
  const Octets whole = tcp_over(Ipv4Fields{}, fields);
  Ipv4Fields first, second;
  first.fragment = 0x2000;
  second.fragment = 5;
  const auto part = [&](const Ipv4Fields& ip, std::size_t from, std::size_t until) {
    return ethernet(0x0800, ipv4(ip, Octets(whole.begin() + static_cast<std::ptrdiff_t>(from),
                                            whole.begin() + static_cast<std::ptrdiff_t>(until))));
  };
  const Octets parts[] = {part(first, 0, 40), part(second, 40, whole.size())};
  FrameAnonymizer anonymizer(key());
  Decoder decoder;
  Decoded decoded;
  for (const Octets& octets : parts) decoded = decoder.decode(anonymizer.of(frame_of(octets)));
  REQUIRE(std::holds_alternative<TcpSegment>(decoded));
  const auto& segment = std::get<TcpSegment>(decoded);
  CHECK(segment.checksum == Checksum::Good);
  CHECK(segment.payload_length == fields.payload.size());
  CHECK_FALSE(holds(anonymized(parts[1]), text("confidence")));
}

TEST_CASE("an ICMP error keeps the headers that it quotes, with other addresses") {
  const Octets quoted = packet4();
  Ipv4Fields ip;
  ip.protocol = 1;
  ip.source = hex("c6336401");
  const Octets octets = ethernet(0x0800, ipv4(ip, hex("0304 0000 0000 0578") + quoted));
  const Octets made = anonymized(octets);
  const IcmpError before = icmp_error_in(octets), after = icmp_error_in(made);
  CHECK(after.reporter == stands_for(before.reporter));
  CHECK(after.source.ip == stands_for(before.source.ip));
  CHECK(after.destination.ip == stands_for(before.destination.ip));
  CHECK(after.source.port == before.source.port);
  CHECK(after.seq == before.seq);
  CHECK(after.mtu == 0x578);
  for (const Octets& part : {text("hello"), hex("0a000001"), hex("0a000002"), hex("c6336401")})
    CHECK_FALSE(holds(made, part));
}

TEST_CASE("what is not understood is zero") {
  const Octets arp = ethernet(0x0806, hex("0001080006040001 020000000001 0a000001 000000000000 0a000002"));
  const Octets made = anonymized(arp);
  CHECK(Octets(made.begin() + 14, made.end()) == zeros(28));
  const Octets dns = ethernet(0x0800, ipv4({.protocol = 17}, udp(5353, 53, text("www.example.org"))));
  const Octets answer = anonymized(dns);
  CHECK(Octets(answer.end() - 15, answer.end()) == zeros(15));
  constexpr int kUnknownLink = 147;
  CHECK(anonymized(arp, kUnknownLink) == zeros(arp.size()));
  CHECK(anonymized({}).empty());
}

TEST_CASE("options keep what transfer goes by") {
  TcpFields fields;
  fields.flags = kSyn;
  fields.payload = {};
  // MSS, window scale, SACK permitted, timestamps, a cookie, an MD5 signature cut short.
  fields.options =
      hex("020405b4 03030701 0402 080a 0000000100000002") + hex("220a") + text("biscuits") + hex("131200");
  fields.options.resize(40);
  const Octets octets = ethernet(0x0800, packet4(fields));
  const Octets made = anonymized(octets);
  CHECK_FALSE(holds(made, text("biscuits")));
  const TcpSegment before = segment_in(octets), after = segment_in(made);
  check_alike(before, after);
  CHECK(after.options.fast_open_cookie_length == 8);
  CHECK(after.options.window_scale == 7);
}

TEST_CASE("options of IP and a source route name nobody") {
  Ipv4Fields ip;
  ip.options = hex("83070400000000 00") + zeros(0);
  std::copy_n(hex("0a000002").begin(), 4, ip.options.begin() + 3);
  const Octets octets = ethernet(0x0800, ipv4(ip, tcp_over(ip, {})));
  const Octets made = anonymized(octets);
  CHECK_FALSE(holds(made, hex("0a000002")));
  check_same_find(octets, kDltEthernet, octets.size(), made);
}

TEST_CASE("no octets make it fail") {
  FrameAnonymizer anonymizer(key());
  std::uint32_t state = 1;
  const std::vector<Sample> samples = all_samples();
  for (int round = 0; round < 20; ++round) {
    for (const Sample& sample : samples) {
      Octets octets = sample.octets;
      for (int change = 0; change < 4; ++change) {
        state = state * 1664525 + 1013904223;
        octets[(state >> 8) % octets.size()] = static_cast<std::uint8_t>(state >> 24);
      }
      CHECK(anonymizer.of(frame_of(octets, sample.link_type)).bytes.size() == octets.size());
    }
  }
}

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "analyzer/decode/ip_fragments.h"
#include "packet_builder.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

Octets part(const Octets& octets, std::size_t begin, std::size_t end) {
  return {octets.begin() + static_cast<std::ptrdiff_t>(begin),
          octets.begin() + static_cast<std::ptrdiff_t>(end)};
}

struct Cut {
  std::size_t begin = 0, end = 0;
};

// A raw packet that carries octets [begin, end) of `whole`.
Octets fragment4(const Octets& whole, Cut cut, Ipv4Fields ip = {}) {
  const bool more = cut.end < whole.size();
  ip.fragment = static_cast<std::uint16_t>((more ? 0x2000U : 0U) | cut.begin / 8);
  return ipv4(ip, part(whole, cut.begin, cut.end));
}

Octets fragment6(const Octets& whole, Cut cut, std::uint8_t next_header = 6) {
  const bool more = cut.end < whole.size();
  const Octets header = Octets{next_header, 0} + be16(cut.begin | (more ? 1U : 0U)) + be32(0x77);
  return ipv6({.next_header = 44}, header + part(whole, cut.begin, cut.end));
}

Octets pattern(std::size_t length) {
  Octets octets(length);
  std::iota(octets.begin(), octets.end(), std::uint8_t{0});
  return octets;
}

TcpFields long_segment() {
  TcpFields fields;
  fields.payload = pattern(100);
  return fields;
}

Octets whole4() { return tcp_over(Ipv4Fields{}, long_segment()); }
Octets whole6() { return tcp_over(Ipv6Fields{}, long_segment()); }

bool is(const Decoded& decoded, NotTcp verdict) {
  const auto* actual = std::get_if<NotTcp>(&decoded);
  return actual != nullptr && *actual == verdict;
}

bool held(const Decoded& decoded) { return is(decoded, NotTcp::FragmentHeld); }

void check_whole(const Decoded& decoded) {
  INFO(describe(decoded));
  REQUIRE(std::holds_alternative<TcpSegment>(decoded));
  const auto& segment = std::get<TcpSegment>(decoded);
  CHECK(segment.payload_length == 100);
  CHECK(segment.checksum == Checksum::Good);
  CHECK(Octets(segment.payload.begin(), segment.payload.end()) == pattern(100));
}

const std::vector<Cut> kThree = {{0, 40}, {40, 80}, {80, 120}};

}  // namespace

TEST_CASE("fragments in every order make the segment on the frame that completes it") {
  for (const bool v6 : {false, true}) {
    std::vector<std::size_t> order = {0, 1, 2};
    do {
      INFO("IPv6 " << v6 << " order " << order[0] << order[1] << order[2]);
      Decoder decoder;
      for (std::size_t i = 0; i < 3; ++i) {
        const Cut cut = kThree[order[i]];
        const Octets octets = v6 ? fragment6(whole6(), cut) : fragment4(whole4(), cut);
        const Decoded decoded = decode_with(decoder, octets, kDltRaw);
        if (i == 2) {
          check_whole(decoded);
          CHECK(std::get<TcpSegment>(decoded).ip_id == (v6 ? 0x77 : 0x1234));
          CHECK(std::get<TcpSegment>(decoded).wire_length == octets.size());
        } else {
          CHECK(std::holds_alternative<NotTcp>(decoded));
        }
      }
      CHECK(decoder.counts().fragments_held == 2);
      CHECK(decoder.counts().tcp == 1);
      CHECK(decoder.counts().fragments_dropped == 0);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("of overlapping octets the first to arrive are kept") {
  Octets other = whole4();
  std::fill(other.begin(), other.end(), std::uint8_t{0xee});
  Decoder decoder;
  CHECK(held(decode_with(decoder, fragment4(whole4(), {0, 64}), kDltRaw)));
  CHECK(held(decode_with(decoder, fragment4(other, {8, 40}), kDltRaw)));
  CHECK(held(decode_with(decoder, fragment4(whole4(), {80, 112}), kDltRaw)));
  CHECK(held(decode_with(decoder, fragment4(whole4(), {80, 112}), kDltRaw)));
  const Octets last = fragment4(whole4(), {112, 120});
  CHECK(held(decode_with(decoder, last, kDltRaw)));
  // Covers the hole and what lies on both sides of it.
  Octets bridge = whole4();
  std::fill(bridge.begin(), bridge.begin() + 64, std::uint8_t{0xee});
  std::fill(bridge.begin() + 80, bridge.end(), std::uint8_t{0xee});
  check_whole(decode_with(decoder, fragment4(bridge, {32, 112}), kDltRaw));
}

TEST_CASE("random pieces, some twice, make the same segment") {
  std::mt19937 random(791);
  for (int round = 0; round < 200; ++round) {
    Decoder decoder;
    std::vector<Cut> cuts;
    for (std::size_t at = 0; at < 120;) {
      const std::size_t end = std::min<std::size_t>(120, at + 8 * (1 + random() % 5));
      cuts.push_back({at, end});
      if (random() % 3 == 0) cuts.push_back({at >= 8 ? at - 8 : 0, end});
      at = end;
    }
    std::shuffle(cuts.begin(), cuts.end(), random);
    std::size_t segments = 0;
    for (const Cut cut : cuts) {
      const Octets octets = fragment4(whole4(), cut);
      const Decoded decoded = decode_with(decoder, octets, kDltRaw);
      if (held(decoded)) continue;
      check_whole(decoded);
      ++segments;
    }
    CHECK(segments == 1);
  }
}

TEST_CASE("fragments of different packets do not mix") {
  Decoder decoder;
  Ipv4Fields other_id, other_protocol;
  other_id.id = 0x4321;
  other_protocol.protocol = 17;
  CHECK(held(decode_with(decoder, fragment4(whole4(), {0, 40}), kDltRaw)));
  CHECK(held(decode_with(decoder, fragment4(whole4(), {40, 120}, other_id), kDltRaw)));
  CHECK(held(decode_with(decoder, fragment4(whole4(), {40, 120}, other_protocol), kDltRaw)));
  const Octets tagged = ethernet(0x8100, hex("0005 0800") + fragment4(whole4(), {40, 120}));
  CHECK(held(decode_with(decoder, tagged)));
  const Octets last = fragment4(whole4(), {40, 120});
  check_whole(decode_with(decoder, last, kDltRaw));
}

TEST_CASE("a fragment that never comes is given up after a while of the capture's time") {
  Decoder decoder;
  const Octets first = fragment4(whole4(), {0, 40}), last = fragment4(whole4(), {40, 120});
  Frame frame = frame_of(first, kDltRaw);
  CHECK(held(decoder.decode(frame)));
  frame = frame_of(last, kDltRaw);
  frame.time_ns = 31 * kSecond;
  CHECK(held(decoder.decode(frame)));
  CHECK(decoder.counts().fragments_dropped == 1);
  frame = frame_of(first, kDltRaw);
  frame.time_ns = 61 * kSecond;
  check_whole(decoder.decode(frame));
}

TEST_CASE("a clock that is set back does not keep old fragments alive") {
  Decoder decoder;
  const Octets first = fragment4(whole4(), {0, 40}), last = fragment4(whole4(), {40, 120});
  Ipv4Fields other;
  other.id = 9;
  const Octets ahead = fragment4(whole4(), {0, 40}, other);
  Frame frame = frame_of(ahead, kDltRaw);
  frame.time_ns = 1000 * kSecond;
  CHECK(held(decoder.decode(frame)));
  frame = frame_of(first, kDltRaw);
  CHECK(held(decoder.decode(frame)));
  frame = frame_of(last, kDltRaw);
  frame.time_ns = 40 * kSecond;
  CHECK(held(decoder.decode(frame)));
  CHECK(decoder.counts().fragments_dropped == 1);
  CHECK(decoder.counts().fragments_given_up == 0);  // it was too old: that is no bound
}

TEST_CASE("how many packets may wait for fragments may be chosen") {
  const auto dropped = [](std::size_t most) {
    Decoder decoder({.fragments = most});
    for (std::size_t id = 0; id < 50; ++id) {
      Ipv4Fields ip;
      ip.id = static_cast<std::uint16_t>(id);
      decode_with(decoder, fragment4(whole4(), {40, 80}, ip), kDltRaw);
    }
    return decoder.counts().fragments_given_up;
  };
  CHECK(dropped(50) == 0);
  CHECK(dropped(20) == 30);
}

TEST_CASE("a flood of fragments stays bounded and the newest packet still comes through") {
  constexpr std::size_t kMostPackets = 100;
  decode::FragmentTable table(kMostPackets);
  const Octets payload(1400, 0xcc);
  Frame frame;
  frame.bytes = payload;
  frame.wire_length = static_cast<std::uint32_t>(payload.size());
  decode::Dissection fragment(frame);
  fragment.fragment = {8, true, 17};
  for (std::uint32_t id = 0; id < 100'000; ++id) {
    table.add({.source = {}, .destination = {}, .id = id / 20, .protocol = 17}, fragment, id);
    fragment.fragment.offset = 8 + id % 40 * 1400;
    CHECK(table.packets() <= kMostPackets);
    CHECK(table.octets() <= kMostPackets * decode::FragmentTable::kOctetsEach);
  }
  CHECK(table.dropped() > 80'000);

  Decoder decoder;
  for (std::size_t id = 0; id < 70'000; ++id) {
    Ipv4Fields ip;
    ip.id = static_cast<std::uint16_t>(id);
    ip.source = be32(0xc0000000 + id);
    decode_with(decoder, fragment4(whole4(), {40, 80}, ip), kDltRaw);
  }
  CHECK(decoder.counts().fragments_held == 70'000);
  CHECK(decoder.counts().fragments_dropped >= 70'000 - DecodeBounds().fragments);
  CHECK(decoder.counts().fragments_given_up == decoder.counts().fragments_dropped);
  CHECK(held(decode_with(decoder, fragment4(whole4(), {0, 40}), kDltRaw)));
  const Octets last = fragment4(whole4(), {40, 120});
  check_whole(decode_with(decoder, last, kDltRaw));
}

TEST_CASE("a packet in too many pieces is given up") {
  Decoder decoder;
  const Octets whole(65528, 0);
  for (std::size_t i = 0; i <= decode::FragmentTable::kMostPieces; ++i) {
    decode_with(decoder, fragment4(whole, {16 * i, 16 * i + 8}), kDltRaw);
  }
  CHECK(decoder.counts().fragments_dropped == decode::FragmentTable::kMostPieces);
}

TEST_CASE("fragments that contradict each other are malformed") {
  Decoder decoder;
  const NotTcp malformed = NotTcp::Malformed;
  CHECK(is(decode_with(decoder, fragment4(whole4(), {80, 84}), kDltRaw),
           malformed));  // 4 octets and more follow
  CHECK(is(decode_with(decoder, fragment4(whole4(), {80, 80}), kDltRaw), malformed));
  CHECK(held(decode_with(decoder, fragment4(whole4(), {80, 120}), kDltRaw)));
  CHECK(
      is(decode_with(decoder, fragment4(Octets(200, 1), {120, 160}), kDltRaw), malformed));  // beyond the end
  CHECK(is(decode_with(decoder, fragment4(Octets(96, 1), {80, 96}), kDltRaw), malformed));   // another end
  CHECK(held(decode_with(decoder, fragment4(whole4(), {40, 80}), kDltRaw)));
  const Octets first = fragment4(whole4(), {0, 40});
  check_whole(decode_with(decoder, first, kDltRaw));

  Ipv4Fields end;
  end.fragment = 0x1fff;
  CHECK(is(decode_with(decoder, ipv4(end, Octets(16, 0)), kDltRaw), malformed));  // past 65,535 octets
}

TEST_CASE("what the snap length cut off a fragment is missing in the segment") {
  Decoder decoder;
  const Octets first = fragment4(whole4(), {0, 40}), last = fragment4(whole4(), {40, 120});
  const Octets cut = part(first, 0, first.size() - 10);
  CHECK(held(decode_with(decoder, cut, kDltRaw, first.size())));
  const Decoded decoded = decode_with(decoder, last, kDltRaw);
  REQUIRE(std::holds_alternative<TcpSegment>(decoded));
  CHECK(std::get<TcpSegment>(decoded).payload_length == 100);
  CHECK(std::get<TcpSegment>(decoded).payload.size() == 10);
  CHECK(std::get<TcpSegment>(decoded).checksum == Checksum::Unknown);

  const Octets headless = part(first, 0, 30);
  CHECK(held(decode_with(decoder, headless, kDltRaw, first.size())));
  CHECK(is(decode_with(decoder, last, kDltRaw), NotTcp::CutShort));
}

TEST_CASE("a congestion mark on one fragment marks the segment") {
  Decoder decoder;
  Ipv4Fields marked;
  marked.tos = 3;
  decode_with(decoder, fragment4(whole4(), {0, 40}, marked), kDltRaw);
  const Octets last = fragment4(whole4(), {40, 120});
  const Decoded decoded = decode_with(decoder, last, kDltRaw);
  check_whole(decoded);
  CHECK(std::get<TcpSegment>(decoded).ecn == 3);
}

TEST_CASE("extension headers and tunnels inside fragments") {
  Decoder decoder;
  const Octets options_and_segment = hex("0600 0104 00000000") + whole6();
  decode_with(decoder, fragment6(options_and_segment, {0, 8}, 60), kDltRaw);
  const Octets rest = fragment6(options_and_segment, {8, 128}, 60);
  check_whole(decode_with(decoder, rest, kDltRaw));

  Ipv4Fields outer;
  outer.protocol = 17;
  const Octets vxlan = udp(1, 4789, hex("08000000 00138900") + ethernet(0x0800, ipv4({}, whole4())));
  decode_with(decoder, fragment4(vxlan, {0, 24}, outer), kDltRaw);
  const Octets second = fragment4(vxlan, {24, vxlan.size()}, outer);
  const Decoded decoded = decode_with(decoder, second, kDltRaw);
  check_whole(decoded);
  CHECK(decoder.encapsulation(std::get<TcpSegment>(decoded).encapsulation).tunnel == "vxlan:5001");
}

TEST_CASE("a fragment inside a fragmented tunnel") {
  Decoder decoder;
  Ipv4Fields outer;
  outer.protocol = 4;
  outer.id = 1;
  const Octets inner_first = fragment4(whole4(), {0, 40}), inner_last = fragment4(whole4(), {40, 120});
  decode_with(decoder, inner_first, kDltRaw);
  CHECK(held(decode_with(decoder, fragment4(inner_last, {0, 56}, outer), kDltRaw)));
  const Octets second = fragment4(inner_last, {56, inner_last.size()}, outer);
  check_whole(decode_with(decoder, second, kDltRaw));
}

TEST_CASE("fragments of what cannot lead to TCP are not kept") {
  Decoder decoder;
  Ipv4Fields ospf;
  ospf.protocol = 89;
  CHECK(is(decode_with(decoder, fragment4(whole4(), {0, 40}, ospf), kDltRaw), NotTcp::OtherProtocol));
  CHECK(decoder.counts().fragments_held == 0);
}

#include <catch2/catch.hpp>
#include <initializer_list>
#include <random>

#include "packet_builder.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

std::string listed(std::initializer_list<std::uint64_t> numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) text += " " + std::to_string(number);
  return text;
}

// All that a decoder tells, but for the length of the frame.
std::string whole(const Decoded& decoded) {
  const auto* s = std::get_if<TcpSegment>(&decoded);
  if (s == nullptr) return describe(decoded);
  const TcpOptions& o = s->options;
  std::string text = describe(decoded);
  text +=
      listed({s->source.port, s->destination.port, s->seq.raw(), s->ack.raw(), s->payload_length, s->flags,
              s->window, s->urgent, s->ttl, s->ecn, s->has_ip_id, s->ip_id, s->tcp_checksum, s->payload_sum,
              static_cast<std::uint64_t>(s->checksum), s->beyond_frame, s->encapsulation});
  text += listed({o.has_mss, o.has_window_scale, o.sack_permitted, o.has_timestamps, o.fast_open, o.multipath,
                  o.malformed, o.cut, o.window_scale, o.sack_count, o.fast_open_cookie_length, o.mss,
                  o.ts_val, o.ts_ecr});
  for (const SackBlock& block : o.sack) text += listed({block.left.raw(), block.right.raw()});
  return text + " " + std::string(s->payload.begin(), s->payload.end());
}

std::vector<TcpFields> segments() {
  std::vector<TcpFields> some(5);
  some[1].options = hex("0101080a 00000001 00000002");
  some[2].options = hex("020405b4 0402080a 00000001 00000000 01030307");
  some[3].options = hex("0101050a 00000001 00000002");
  some[3].payload = {};
  some[4].payload = zeros(300) + text("odd");
  return some;
}

}  // namespace

TEST_CASE("a plain frame comes to the same as its layers one by one, however it is spoilt") {
  std::mt19937 random(1);
  Decoder plain, layered;
  for (int round = 0; round < 2000; ++round) {
    for (const TcpFields& fields : segments()) {
      const bool v6 = round % 2 == 1;
      Octets packet = v6 ? packet6(fields) : packet4(fields);
      for (int spoilt = round % 4; spoilt > 0; --spoilt)
        packet[random() % std::min<std::size_t>(packet.size(), 80)] ^=
            static_cast<std::uint8_t>(1U << random() % 8);
      if (round % 5 == 0) packet.resize(random() % packet.size() + 1);
      const std::size_t unseen = round % 3 == 0 ? random() % 100 : 0;
      const std::uint16_t type = v6 ? 0x86dd : 0x0800;
      const Octets frame = ethernet(type, packet);
      // A provider's tag without a VLAN changes nothing but the way.
      const Octets tagged = ethernet(0x88a8, hex("0000") + be16(type) + packet);
      const Decoded all = decode_with(plain, frame, kDltEthernet, frame.size() + unseen);
      const Decoded parts = decode_with(layered, tagged, kDltEthernet, tagged.size() + unseen);
      REQUIRE(whole(all) == whole(parts));
    }
  }
}

TEST_CASE("a VLAN tag of any kind comes to the same") {
  Decoder decoder;
  for (const char* tag : {"0000", "0005", "2005", "e000", "0fff"}) {
    const Octets tagged = hex(tag) + be16(0x0800) + packet4();
    const Octets customer = ethernet(0x8100, tagged), provider = ethernet(0x88a8, tagged);
    CHECK(whole(decode_with(decoder, customer)) == whole(decode_with(decoder, provider)));
  }
  const auto number = [&](const char* tag) {
    const Octets frame = ethernet(0x8100, hex(tag) + be16(0x0800) + packet4());
    return std::get<TcpSegment>(decode_with(decoder, frame)).encapsulation;
  };
  CHECK(number("e000") == 0);
  CHECK(decoder.encapsulation(number("2005")).vlan == std::vector<std::uint16_t>{5});
}

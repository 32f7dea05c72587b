#include "samples.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

void check_addresses(const Sample& sample, const TcpSegment& segment) {
  CHECK(to_string(segment.source.ip) == (sample.v6 ? "2001:db8::1" : "10.0.0.1"));
  CHECK(to_string(segment.destination.ip) == (sample.v6 ? "2001:db8::2" : "10.0.0.2"));
  CHECK(segment.source.port == 40000);
  CHECK(segment.destination.port == 80);
}

void check_segment(const Sample& sample, const TcpSegment& segment) {
  check_addresses(sample, segment);
  CHECK(segment.seq == Seq(1000));
  CHECK(segment.ack == Seq(2000));
  CHECK(segment.flags == (kAck | kPsh));
  CHECK(segment.window == 512);
  CHECK(segment.ttl == (sample.v6 ? 62 : 63));
  CHECK(segment.payload_length == 5);
}

}  // namespace

TEST_CASE("each link type, extension header and tunnel leads to the segment") {
  for (const Sample& sample : all_samples()) {
    INFO(sample.name);
    Decoder decoder;
    const Decoded decoded = decode_with(decoder, sample.octets, sample.link_type);
    INFO(describe(decoded));
    REQUIRE(std::holds_alternative<TcpSegment>(decoded));
    const auto& segment = std::get<TcpSegment>(decoded);
    check_segment(sample, segment);
    CHECK(segment.checksum == Checksum::Good);
    CHECK(segment.wire_length == sample.octets.size());
    CHECK(Octets(segment.payload.begin(), segment.payload.end()) == text("hello"));
    const Encapsulation& encapsulation = decoder.encapsulation(segment.encapsulation);
    CHECK(encapsulation.vlan == sample.vlan);
    CHECK(encapsulation.tunnel == sample.tunnel);
    CHECK((segment.encapsulation == 0) == (sample.vlan.empty() && sample.tunnel.empty()));
  }
}

TEST_CASE("a snap length at any octet cuts short, cuts the payload, or cuts nothing") {
  for (const Sample& sample : all_samples()) {
    for (std::size_t kept = 0; kept < sample.octets.size(); ++kept) {
      INFO(sample.name << " cut at " << kept);
      const Octets cut(sample.octets.begin(), sample.octets.begin() + static_cast<std::ptrdiff_t>(kept));
      if (kept < sample.header_end()) {
        CHECK(verdict_on(cut, sample.link_type, sample.octets.size()) == NotTcp::CutShort);
        continue;
      }
      const TcpSegment segment = segment_in(cut, sample.link_type, sample.octets.size());
      check_segment(sample, segment);
      const std::size_t captured = std::min<std::size_t>(5, kept - sample.header_end());
      CHECK(segment.payload.size() == captured);
      CHECK(segment.checksum == (captured == 5 ? Checksum::Good : Checksum::Unknown));
    }
  }
}

// As a capture program does that writes the cut length for the original one: the IP length still tells.
TEST_CASE("a frame that ends early without saying so") {
  for (const Sample& sample : all_samples()) {
    for (std::size_t kept = 0; kept < sample.octets.size() - sample.trailer; ++kept) {
      INFO(sample.name << " ends at " << kept);
      const Octets cut(sample.octets.begin(), sample.octets.begin() + static_cast<std::ptrdiff_t>(kept));
      Decoder decoder;
      const Decoded decoded = decode_with(decoder, cut, sample.link_type);
      INFO(describe(decoded));
      if (kept < sample.header_end()) {
        CHECK(std::holds_alternative<NotTcp>(decoded));
        continue;
      }
      REQUIRE(std::holds_alternative<TcpSegment>(decoded));
      check_segment(sample, std::get<TcpSegment>(decoded));
      CHECK(std::get<TcpSegment>(decoded).checksum == Checksum::Unknown);
    }
  }
}

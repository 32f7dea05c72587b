#include "tests/support/packet_encoder.h"

#include <catch2/catch.hpp>
#include <string>

#include "analyzer/decode/decoder.h"
#include "tests/support/tap_player.h"

namespace tcpautopsy {

namespace {

constexpr int kEthernet = 1;  // DLT_EN10MB

Decoded decoded_from(const ByteVector& bytes, std::size_t wire_length) {
  Decoder decoder;
  Frame frame;
  frame.number = 1;
  frame.link_type = kEthernet;
  frame.bytes = bytes;
  frame.wire_length = static_cast<std::uint32_t>(wire_length);
  return decoder.decode(frame);
}

tap::Playback played(const std::string& script) {
  return tap::play(tap::parse_script(script), 0xfffffffe, 1);
}

}  // namespace

TEST_CASE("what is encoded is decoded alike") {
  const auto ends = GENERATE(as<std::string>{}, "", "ends A [2001:db8::1]:5000 B [2001:db8::2]:443\n");
  const tap::Playback playback = played(ends + R"(
    handshake <mss 1460,sackOK,TS,wscale 7>
    +.1 A > B  S  0:100(100) <mss 1400,tfo 8>
    +.1 A > B  FPUEC. 1:101(100) ack 1 win 3 ttl 9 id 77
    +.1 A < B  .  1:1(0) ack 1 <sack 101:201 301:401 501:601>
    +.1 A < B  R  1:1(0)
    +.1 A > B  .  1:70001(70000) ack 1 !badsum
  )");
  REQUIRE(playback.captured.size() == 8);
  for (const Captured& captured : playback.captured) {
    const auto& sent = std::get<TcpSegment>(captured.what);
    INFO("frame " << captured.frame.number);
    const ByteVector bytes = encode_frame(sent);
    const Decoded decoded = decoded_from(bytes, sent.wire_length);
    REQUIRE(std::holds_alternative<TcpSegment>(decoded));
    const auto& got = std::get<TcpSegment>(decoded);
    CHECK(got.source == sent.source);
    CHECK(got.destination == sent.destination);
    CHECK(got.seq == sent.seq);
    if (sent.has(kAck)) CHECK(got.ack == sent.ack);
    CHECK(got.flags == sent.flags);
    CHECK(got.window == sent.window);
    CHECK(got.ttl == sent.ttl);
    if (sent.has_ip_id) CHECK(got.ip_id == sent.ip_id);
    CHECK(got.payload_length == sent.payload_length);
    CHECK(got.tcp_checksum == sent.tcp_checksum);
    if (sent.payload_length <= 60'000) CHECK(got.checksum == sent.checksum);
    CHECK(got.options.mss == sent.options.mss);
    CHECK(got.options.has_window_scale == sent.options.has_window_scale);
    CHECK(got.options.sack_permitted == sent.options.sack_permitted);
    CHECK(got.options.ts_val == sent.options.ts_val);
    CHECK(got.options.ts_ecr == sent.options.ts_ecr);
    CHECK(got.options.fast_open == sent.options.fast_open);
    CHECK(got.options.fast_open_cookie_length == sent.options.fast_open_cookie_length);
    REQUIRE(got.options.sack_count == sent.options.sack_count);
    for (std::size_t i = 0; i < sent.options.sack_count; ++i)
      CHECK(got.options.sack[i].left == sent.options.sack[i].left);
  }
}

TEST_CASE("an ICMP error is decoded alike") {
  const tap::Playback playback = played(R"(
    +0   A > B  S  0:0(0)
    +.1  icmp to A type 3 code 4 quotes 0 mtu 1400 from 10.0.0.254
  )");
  const auto& sent = std::get<IcmpError>(playback.captured.at(1).what);
  const ByteVector bytes = encode_frame(sent);
  const Decoded decoded = decoded_from(bytes, bytes.size());
  REQUIRE(std::holds_alternative<IcmpError>(decoded));
  const auto& got = std::get<IcmpError>(decoded);
  CHECK(got.reporter == sent.reporter);
  CHECK(got.source == sent.source);
  CHECK(got.destination == sent.destination);
  CHECK(got.seq == sent.seq);
  CHECK(got.type == 3);
  CHECK(got.code == 4);
  CHECK(got.mtu == 1400);
}

}  // namespace tcpautopsy

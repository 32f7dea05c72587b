// Two ends that talk, as the Zeek tracker sees them: numbers follow from what was sent before unless told.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/compat/zeek_conn.h"

namespace tcpautopsy::test {

struct Turn {
  std::uint32_t payload = 0;
  std::int64_t skip =
      0;  // octets sent before this segment that the capture has not seen; negative: sent again
  std::uint16_t window = 1000;
  bool bad_checksum = false;
  bool cut = false;  // by the snap length
  bool beyond_frame = false;
};

class Talk {
 public:
  // The first end to send is A, from port `port_a` to `port_b`.
  explicit Talk(std::uint32_t iss = 1000, std::uint16_t port_a = 40000, std::uint16_t port_b = 7777)
      : next_{iss, iss + 0x40000000U}, port_{port_a, port_b} {}

  Talk& a(std::uint16_t flags, Turn turn = {}) { return send(0, flags, turn); }
  Talk& b(std::uint16_t flags, Turn turn = {}) { return send(1, flags, turn); }
  Talk& handshake() { return a(kSyn).b(kSyn | kAck).a(kAck); }
  Talk& to_self(std::uint16_t flags) {
    TcpSegment segment = make(0, flags, {});
    segment.destination = segment.source;
    conn_.add(segment, true);
    return *this;
  }
  Talk& from_other_start(std::uint32_t offset) {
    next_[0] += offset;
    return *this;
  }

  std::string told() const { return conn_.conn_state() + " " + conn_.history(); }

 private:
  TcpSegment make(std::size_t from, std::uint16_t flags, const Turn& turn) {
    static const std::vector<std::uint8_t> octets(1 << 16);
    TcpSegment segment;
    segment.source.port = port_[from];
    segment.destination.port = port_[1 - from];
    segment.source.ip.octets[15] = static_cast<std::uint8_t>(1 + from);
    segment.destination.ip.octets[15] = static_cast<std::uint8_t>(2 - from);
    next_[from] += static_cast<std::uint32_t>(turn.skip);
    segment.seq = Seq(next_[from]);
    if (flags & kAck) segment.ack = Seq(next_[1 - from]);
    segment.flags = flags;
    segment.window = turn.window;
    segment.payload_length = turn.payload;
    segment.payload = Bytes(octets.data(), turn.cut ? turn.payload / 2 : turn.payload);
    segment.beyond_frame = turn.beyond_frame;
    segment.checksum = turn.bad_checksum ? Checksum::Bad : Checksum::Good;
    next_[from] += segment.sequence_length();
    return segment;
  }

  Talk& send(std::size_t from, std::uint16_t flags, const Turn& turn) {
    conn_.add(make(from, flags, turn), from == 0);
    return *this;
  }

  std::array<std::uint32_t, 2> next_;
  std::array<std::uint16_t, 2> port_;
  ZeekConn conn_;
};

}  // namespace tcpautopsy::test

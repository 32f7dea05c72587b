// A TCP segment as a frame carries it: header fields and options by the names of RFC 9293 3.1, nothing
// judged.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "analyzer/capture/frame.h"
#include "analyzer/decode/address.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy {

enum TcpFlag : std::uint16_t {
  kFin = 0x001,
  kSyn = 0x002,
  kRst = 0x004,
  kPsh = 0x008,
  kAck = 0x010,
  kUrg = 0x020,
  kEce = 0x040,
  kCwr = 0x080,
  kAe = 0x100,  // AccECN, formerly NS
};

// What a segment is by its flags. No TCP sends a SYN with FIN or RST: such a one is none of these.
constexpr bool means_syn(std::uint16_t flags) { return (flags & (kSyn | kAck | kRst | kFin)) == kSyn; }
constexpr bool means_syn_ack(std::uint16_t flags) {
  return (flags & (kSyn | kAck | kRst | kFin)) == (kSyn | kAck);
}
constexpr bool means_rst(std::uint16_t flags) { return (flags & (kSyn | kRst)) == kRst; }

struct SackBlock {
  Seq left, right;  // [left, right)
};

struct TcpOptions {
  bool has_mss = false, has_window_scale = false, sack_permitted = false, has_timestamps = false;
  bool fast_open =
      false;  // RFC 7413, kind 34 or the experimental 254/0xF989; cookie may be empty (a request)
  bool multipath = false;  // RFC 8684, kind 30, of whatever subtype
  bool malformed = false;  // a length that does not fit; options before it are kept
  // The snap length ended the header: an option that is not here may have been sent all the same.
  bool cut = false;
  std::uint8_t window_scale = 0;  // as sent, may exceed 14
  std::uint8_t sack_count = 0;    // blocks in `sack`, 0..4
  std::uint8_t fast_open_cookie_length = 0;
  std::uint16_t mss = 0;
  std::uint32_t ts_val = 0, ts_ecr = 0;
  std::array<SackBlock, 4> sack{};
};

enum class Checksum : std::uint8_t { Unknown, Good, Bad };  // Unknown: cut by the snap length

struct TcpSegment {
  EndpointAddress source, destination;
  Seq seq, ack;  // ack is meaningful only with kAck
  std::uint32_t payload_length =
      0;  // octets by the IP length, not by what was captured; a super-segment may exceed 64 KiB
  std::uint16_t flags = 0;   // TcpFlag
  std::uint16_t window = 0;  // as sent, not scaled
  std::uint16_t urgent = 0;
  std::uint8_t ttl = 0;    // IPv4 TTL or IPv6 hop limit
  std::uint8_t ecn = 0;    // the two ECN bits of the IP header
  bool has_ip_id = false;  // IPv4, or an IPv6 fragment header
  std::uint32_t ip_id = 0;
  std::uint16_t tcp_checksum = 0;  // as sent; with seq, ack and ip_id it tells a copy from a resend
  // Of the payload in one's complement, not complemented, in the machine's order (RFC 1071 2); 0, never
  // 0xffff, for a sum of zero. Meaningful where the checksum is good.
  std::uint16_t payload_sum = 0;
  Checksum checksum = Checksum::Unknown;
  // The payload begins with a ChangeCipherSpec record of TLS (RFC 5246 7.1, RFC 8446 5).
  bool change_cipher_spec = false;
  bool beyond_frame = false;        // the IP header tells of more than the frame had on the wire
  std::uint32_t encapsulation = 0;  // index into Decoder::encapsulation(): VLAN tags and tunnels; 0 for none
  std::uint32_t wire_length = 0;    // of the frame
  TcpOptions options;
  Bytes payload;  // what was captured of it

  bool has(std::uint16_t mask) const { return (flags & mask) == mask; }
  // Nothing of the payload was cut off by the snap length, as far as kEnough octets of it tell.
  bool payload_whole() const { return payload.size() >= std::min(payload_length, kEnough); }
  static constexpr std::uint32_t kEnough = 1 << 16;
  // SEG.LEN of RFC 9293 3.4: SYN and FIN count.
  std::uint32_t sequence_length() const {
    return payload_length + ((flags & kSyn) ? 1U : 0U) + ((flags & kFin) ? 1U : 0U);
  }
};

// An ICMP or ICMPv6 error that quotes a TCP segment (RFC 792, RFC 4443).
struct IcmpError {
  IpAddress reporter;                   // who sent the error
  EndpointAddress source, destination;  // of the quoted segment
  std::optional<Seq> seq;               // of the quoted segment; none where the snap length cut it off
  bool v6 = false;
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;  // of fragmentation needed or packet too big, else 0
  std::uint32_t encapsulation = 0;
};

}  // namespace tcpautopsy

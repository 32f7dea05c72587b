// The packets of one connection, as they are kept: facts that infer judges, and nobody after it.
#pragma once

#ifdef TCPAUTOPSY_NO_PACKET_RECORDS
#error "detect reads conclusions, never packets: see CONTRIBUTING.md"
#endif

#include <cstdint>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"
#include "analyzer/seq/standing.h"

namespace tcpautopsy {

// One captured segment that can change what is believed of either end. Plain data and acknowledgments in a
// settled state are folded: of each run of alike segments of one side the first and the last are kept.
struct SegmentRecord {
  FrameRef frame;
  StreamOffset seq = 0;  // SEG.SEQ in the sender's stream
  StreamOffset ack = 0;  // SEG.ACK in the receiver's stream; meaningful only if has(kAck)
  StreamOffset contiguous =
      0;  // after this segment: end of what the capture saw of the sender's stream without a hole
  StreamOffset sent_max = 0;  // before this segment: highest end (SND.NXT) seen from its sender
  std::uint32_t payload = 0;  // octets
  std::uint32_t ts_val = 0, ts_ecr = 0;
  std::uint32_t folded_packets = 0;  // segments of this sender left out since its previous record
  std::uint64_t folded_bytes = 0;    // their payload
  std::uint32_t ip_id = 0;
  SackBlock first_sack;      // a DSACK if it lies below ack or inside the second block (RFC 2883)
  std::uint16_t flags = 0;   // TcpFlag
  std::uint16_t window = 0;  // as sent, not scaled
  std::uint16_t mss = 0;     // of a SYN's option, 0 for none
  std::uint16_t tcp_checksum = 0;
  std::uint8_t ttl = 0;
  Side side = Side::A;  // the sender
  Standing standing;
  bool has_timestamps : 1 = false;
  bool has_sack : 1 = false;
  bool has_ip_id : 1 = false;
  bool is_dsack : 1 = false;
  bool fast_open : 1 = false;  // a SYN with the Fast Open option
  bool multipath : 1 = false;  // a SYN that asks for Multipath TCP
  bool bad_checksum : 1 = false;
  bool copy : 1 = false;  // alike to a record just before to the IP ID or checksum: captured twice, or
                          // duplicated by the network

  bool has(std::uint16_t mask) const { return (flags & mask) == mask; }
  std::uint32_t sequence_length() const { return payload + (has(kSyn) ? 1U : 0U) + (has(kFin) ? 1U : 0U); }
  StreamOffset end() const { return seq + sequence_length(); }
  // 0 or 1 octet at SND.NXT-1, acknowledged or not: what probes a closed window has this look too (RFC
  // 9293 3.8.6.1).
  bool looks_like_probe() const {
    return standing.keepalive ||
           (standing.retransmission && payload == 1 && sequence_length() == 1 && end() == sent_max);
  }
};

// An ICMP error that quotes a segment of this connection.
struct IcmpRecord {
  FrameRef frame;
  Side quoted = Side::A;  // the sender of the quoted segment, to whom the error goes
  StreamOffset seq = 0;   // of the quoted segment
  IpAddress reporter;
  // Another connection may have sent what it quotes: it is told here, and decides nothing.
  bool in_doubt = false;
  bool v6 = false;
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;  // 0 where the error has none
};

}  // namespace tcpautopsy

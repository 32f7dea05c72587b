// The facts of one connection: what was sent past the capture point, in the order captured. Never what was
// received.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/seq.h"
#include "analyzer/stream/side.h"

namespace tcpautopsy {

struct TransferFacts;

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
  bool has_timestamps : 1 = false;
  bool has_sack : 1 = false;
  bool has_ip_id : 1 = false;
  bool is_dsack : 1 = false;
  bool fast_open : 1 = false;  // a SYN with the Fast Open option
  bool bad_checksum : 1 = false;
  bool resend : 1 = false;     // every sequence number of it was sent before (SYN, data or FIN again)
  bool fills_gap : 1 = false;  // below sent_max, yet some of it not seen before
  bool after_gap : 1 = false;  // beyond sent_max: the capture missed something, or it will come out of order
  bool keepalive : 1 =
      false;  // 0 or 1 octet at SND.NXT-1 with no SYN, FIN, RST (the look of it, not yet the verdict)
  bool acks_unseen : 1 = false;  // acknowledges what the capture has not seen sent
  bool copy : 1 = false;         // alike to a record just before to the IP ID or checksum: captured twice, or
                                 // doubled by the network

  bool has(std::uint16_t mask) const { return (flags & mask) == mask; }
  std::uint32_t sequence_length() const { return payload + (has(kSyn) ? 1U : 0U) + (has(kFin) ? 1U : 0U); }
  StreamOffset end() const { return seq + sequence_length(); }
};

// An ICMP error that quotes a segment of this connection.
struct IcmpRecord {
  FrameRef frame;
  Side quoted = Side::A;  // the sender of the quoted segment, to whom the error goes
  StreamOffset seq = 0;   // of the quoted segment
  IpAddress reporter;
  bool v6 = false;
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;  // 0 where the error has none
};

// What one end sent, summed over all its segments, folded ones too.
struct SideFacts {
  EndpointAddress address;
  Seq iss;                          // sequence number at stream offset 0
  bool iss_known = false;           // from its SYN; else guessed from the first number seen
  bool syn_seen = false;            // a SYN or SYN-ACK of it was captured
  TcpOptions syn_options;           // of its first SYN or SYN-ACK
  std::uint64_t packets = 0;        // without capture duplicates
  std::uint64_t duplicates = 0;     // copies recognised (see SegmentRecord::copy)
  std::uint64_t payload_bytes = 0;  // distinct stream octets seen
  std::uint64_t wire_bytes = 0;
  std::uint64_t bad_checksums = 0;
  bool checksums_offloaded = false;  // the wrong ones are the capture's, not damage on the way
  StreamOffset sent_max = 0;         // highest sequence end seen
  StreamOffset acked_max = 0;        // highest ack it sent, in the other's stream
  std::optional<std::int64_t>
      rtt_handshake_ns;  // capture point to this end and back, from an unrepeated SYN or SYN-ACK
  std::optional<std::int64_t>
      rtt_min_ns;        // least seen, of handshake and data; may overestimate (delayed ACK), never under
  std::uint8_t ttl = 0;  // of its first segment
};

// How other tools name this connection; each by its tool's own rules.
struct PeerWords {
  std::string zeek_conn_state, zeek_history;
  std::uint8_t completeness = 0;  // tcp.completeness of Wireshark 4.0
};

// The SYN that ended this incarnation by opening the next one.
struct Successor {
  FrameRef syn;
  Side sender = Side::A;             // in this incarnation's sides
  std::optional<FrameRef> answered;  // the SYN-ACK to it
  std::optional<FrameRef> reset;     // the RST of its sender to the challenge ACK it met (RFC 9293 3.5.1)
};

// What a later incarnation of the same addresses needs to know of this one. Filled when this one is
// concluded.
struct PreviousIncarnation {
  std::uint64_t flow = 0;
  EndpointAddress time_wait_end;  // who was in TIME-WAIT; meaningless without time_wait_since
  std::optional<TimeNs> time_wait_since;
  bool time_wait_likely = false;  // TIME-WAIT had not run out by the profile when the new SYN came
  PerSide<EndpointAddress> address;
  PerSide<Seq> next_seq;  // one past the highest number each end sent
  PerSide<std::uint32_t> last_ts_val{};
  TimeNs last_ns = 0;
};

struct FlowTrace {
  std::uint64_t number = 0;  // rank of its first packet among all flows: contract.md's "flow"
  std::uint32_t incarnation = 0;
  std::uint32_t encapsulation = 0;  // index into Decoder::encapsulation()
  Side client = Side::A;
  bool client_guessed = true;
  bool self_connection = false;  // both ends are one: every record has side A
  PerSide<SideFacts> sides;
  std::vector<SegmentRecord> records;
  std::vector<IcmpRecord> icmp;  // the first 16
  std::uint64_t icmp_total = 0;
  std::uint64_t records_left_out = 0;  // beyond the bound on records of one flow; 0 unless it was met
  FrameRef first, last;                // of its packets, kept or folded
  std::optional<Successor> successor;
  std::shared_ptr<const PreviousIncarnation> previous;
  PeerWords peers;
  std::shared_ptr<const TransferFacts>
      transfer;  // analyzer/stream/transfer_facts.h; none for a self-connection

  const SideFacts& facts(Side side) const { return sides[index(side)]; }
  // Only one direction was captured: nothing may be said that rests on "never seen".
  bool one_sided() const { return !self_connection && (sides[0].packets == 0 || sides[1].packets == 0); }
};

}  // namespace tcpautopsy

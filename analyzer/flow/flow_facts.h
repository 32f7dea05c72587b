// The facts of one connection but for its packets: who took part, when, and what each end sent in sum.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/decode/address.h"
#include "analyzer/decode/tcp_options.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// What one end sent, summed over all its segments, folded ones too.
struct SideFacts {
  EndpointAddress address;
  Seq iss;                          // sequence number at stream offset 0
  bool iss_known = false;           // from its SYN; else guessed from the first number seen
  bool syn_seen = false;            // a SYN or SYN-ACK of it was captured
  TcpOptions syn_options;           // of its first SYN or SYN-ACK
  std::uint64_t packets = 0;        // without capture duplicates
  std::uint64_t copies = 0;         // recognised (see SegmentRecord::copy)
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
  std::uint8_t copy_ttl =
      0;  // of the latest copy but of a RST, which another capture point may have taken; 0: there is none
};

// The SYN that ended this incarnation by opening the next one.
struct Successor {
  FrameRef syn;
  Side sender = Side::A;             // in this incarnation's sides
  std::optional<FrameRef> answered;  // the SYN-ACK to it
  std::optional<FrameRef> reset;     // the RST of its sender to the challenge ACK it met (RFC 9293 3.5.1)
};

// One of the connections in which an address translation shows the same packets.
struct TranslatedLeg {
  std::uint64_t original = 0;  // the one among them that stands for all
  bool last = false;           // the others are over
  bool answered = false;       // a SYN-ACK passed in one of them
};

struct FlowFacts {
  std::uint64_t number = 0;  // rank of its first packet among all flows: contract.md's "flow"
  std::uint32_t incarnation = 0;
  std::uint32_t encapsulation = 0;  // index into Decoder::encapsulation()
  Side client = Side::A;
  bool client_guessed = true;
  bool self_connection = false;  // both ends are one: every record has side A
  PerSide<SideFacts> sides;
  std::uint64_t icmp_total = 0;
  std::uint64_t records_left_out = 0;  // beyond the bound on records of one flow; 0 unless it was met
  std::uint32_t holes_given_up = 0;    // as SequenceTracker has it, of both ends
  bool ended_early = false;            // to bound memory or time: what came later is of another flow
  std::optional<TranslatedLeg> leg;    // captured on both sides of a NAT
  FrameRef first, last;                // of its packets, kept or folded
  std::optional<TimeNs> paused_ns;     // after them the capture paused, from then on (CapturePauses)
  std::optional<Successor> successor;

  const SideFacts& facts(Side side) const { return sides[index(side)]; }
  Side server() const { return other(client); }
  // Round trip between the capture point and `side`; none where it was never measured.
  std::optional<std::int64_t> rtt(Side side) const { return facts(side).rtt_min_ns; }
  // Round trip between both ends, from the two halves; none unless both were measured.
  std::optional<std::int64_t> round_trip() const {
    const auto a = rtt(Side::A), b = rtt(Side::B);
    return a && b ? std::optional(*a + *b) : std::nullopt;
  }
  // On the other side of a NAT: that nothing of the server passed on this side says nothing of the server.
  bool answered_elsewhere() const { return leg && leg->answered; }
  // Only one direction was captured: nothing may be said that rests on "never seen".
  bool one_sided() const { return !self_connection && (sides[0].packets == 0 || sides[1].packets == 0); }
};

}  // namespace tcpautopsy

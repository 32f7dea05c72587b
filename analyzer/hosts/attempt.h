// One connection tried: what its opening came to, in the few numbers that sums over many are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "analyzer/hosts/ended_connection.h"
#include "analyzer/infer/half_open.h"

namespace tcpautopsy {

enum class Outcome : std::uint8_t {
  Completed,   // an ACK of the SYN-ACK passed
  Dropped,     // so it did, but the server ignored it for good or reset it at once (infer: ThrownAway)
  HalfOpen,    // a SYN-ACK passed, and nothing of the client after it
  Aborted,     // the client answered the SYN-ACK with RST
  Refused,     // RST answered the SYN
  Filtered,    // an ICMP error did
  Unanswered,  // nothing did
};
constexpr std::size_t kOutcomes = 7;

// How a SYN looks besides its addresses: alike in all SYNs of one program on one host.
struct SynLook {
  std::uint8_t ttl = 0;
  std::uint8_t options = 0;  // bits: MSS, window scale, SACK, timestamps, Fast Open; the scale is apart
  std::uint8_t window_scale = 0;
  std::uint16_t window = 0, mss = 0;
  auto operator<=>(const SynLook&) const = default;

  std::uint64_t packed() const {
    return std::uint64_t{ttl} << 48 | std::uint64_t{options} << 40 | std::uint64_t{window_scale} << 32 |
           std::uint64_t{window} << 16 | mss;
  }
};
inline std::uint64_t secret_hash(const SynLook& look) { return secret_hash(look.packed()); }

// What the SYN-ACK shows of a SYN cookie as Linux makes them. Without timestamps it can promise neither
// window scaling nor SACK; with them the low six bits of TSval hold the client's, but for an offset that
// kernels from 4.10 on add by default (sysctl tcp_timestamps=1; 2 leaves it out).
enum class CookieLook : std::uint8_t {
  Untellable,  // the client offered nothing that would show
  Unlike,      // promises what a cookie cannot hold, or other bits
  Alike,       // all that was offered is missing
  AlikeBits,   // the six bits are those of a cookie: chance has it so once in 64
};

// What a scanner sets alike in its empty ACKs, and connections have each their own.
struct BareAck {
  std::uint32_t seq = 0, ack = 0;
  std::uint16_t port = 0;  // it came from
};

struct Attempt {
  EndpointAddress client, server;
  std::uint64_t flow = 0;
  FrameRef syn;             // the first; its time is when the attempt began
  TimeNs last_ns = 0;       // of the flow's last packet
  TimeNs completed_ns = 0;  // when the completing ACK passed
  HalfOpenStay half_open;   // the server's SYN-RECEIVED
  std::uint32_t client_isn = 0;
  std::optional<std::uint32_t> server_isn;
  std::optional<std::uint32_t> ip_id;  // of the SYN
  SynLook look;
  Outcome outcome = Outcome::Unanswered;
  CookieLook cookie = CookieLook::Untellable;
  std::uint32_t syns = 1;
  bool given_up = false;      // infer: ConnectGivenUp
  bool rst_ignored = false;   // RSTs answered, which the client must ignore
  bool syn_resent = false;    // the same ISN again
  bool syn_ignored = false;   // again before any SYN-ACK, or never answered
  bool syn_due = false;       // it was due again before the capture's end or an answer, and did not come
  bool ack_repeated = false;  // SYN-ACK sent again: the server kept the attempt in memory
  bool ack_due = false;       // it was due again before the capture's end, and did not come
  bool timestamps = false;    // the client offers them, or may: its options are cut
  bool odd = false;           // not by a SYN, see probe_of()
  std::optional<BareAck> bare_ack;  // but by an empty ACK
  bool lower_isn = false;  // a port used again with a lower ISN, no timestamps and too soon for the clock
};

// Nothing where no SYN of the client was captured, or both ends are one.
std::optional<Attempt> attempt_of(const EndedConnection& ended);

// A probe by a segment that no connection begins with (infer: OddProbe). `syn` is that segment.
std::optional<Attempt> probe_of(const EndedConnection& ended);

}  // namespace tcpautopsy

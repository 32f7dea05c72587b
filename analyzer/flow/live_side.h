// One end of a live flow: what it was seen to send and to acknowledge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/sequence_tracker.h"

namespace tcpautopsy {

// Nearer than this two numbers are of one stream, windows and small losses of the capture included.
constexpr std::uint32_t kSameStream = 1 << 20;

// What of TcpOptions can stand in a SYN, in a third of the room.
struct SynOptions {
  std::uint32_t ts_val = 0, ts_ecr = 0;
  std::uint16_t mss = 0;
  std::uint8_t window_scale = 0, cookie_length = 0;
  bool has_mss : 1 = false, has_window_scale : 1 = false, sack_permitted : 1 = false,
                 has_timestamps : 1 = false;
  bool fast_open : 1 = false, multipath : 1 = false, malformed : 1 = false, cut : 1 = false;

  static SynOptions of(const TcpOptions& options);
  TcpOptions full() const;
};

// A round trip measured by one segment at a time; never over one that was sent again (Karn's rule, RFC 6298
// 3).
struct TimedSegment {
  StreamOffset end = 0;
  TimeNs sent_ns = 0;
  bool running = false, handshake = false;
};

struct LiveSide {
  // The stream offsets kept here count from the first number known; `origin` is where the SYN turned out to
  // be.
  SequenceTracker sent;
  Seq base;  // the number at offset 0
  // Of the SYN-ACK before, of another host or socket: which one counts is not told yet.
  std::optional<Seq> other_iss;
  StreamOffset origin = 0;
  StreamOffset acked_max = 0;  // in the other's stream
  StreamOffset fin_end = 0;
  TimedSegment timed;
  std::int64_t rtt_handshake_ns = -1, rtt_min_ns = -1;  // -1: not measured
  std::uint64_t packets = 0, payload_bytes = 0, wire_bytes = 0;
  std::uint32_t bad_checksums = 0;
  std::uint32_t copies = 0, copies_kept = 0, copies_bad_checksum = 0;
  std::uint64_t copies_wire_bytes = 0;
  SynOptions syn_options;
  std::uint8_t ttl = 0, copy_ttl = 0;
  bool has_base : 1 = false;
  bool tentative : 1 = false;  // only a RST told where its stream is, and a RST may tell anything
  bool of_before : 1 = false;  // tentative too: only what answers a SYN for the connection before it
  bool has_acked : 1 = false;
  bool iss_known : 1 = false, syn_seen : 1 = false, fin_seen : 1 = false;
  bool syn_repeated : 1 = false;
  bool may_probe : 1 = false;  // its last segment has the look of a keep-alive, if SND.NXT is one beyond it

  Seq iss() const { return wrap(origin, base); }
  // Where to look for the next number of it; `peer` acknowledges it.
  StreamOffset checkpoint(const LiveSide& peer) const;
  void set_base(Seq at_zero);
  void took(std::int64_t round_trip_ns, bool handshake);
};

}  // namespace tcpautopsy

#include "analyzer/transfer/probe_kind.h"

#include <algorithm>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

// Keep-alives count idle time in seconds (RFC 1122 4.2.3.6; Linux TCP_KEEPIDLE is 1 at least); a lone ACK
// that was overtaken by what it precedes is younger than this.
constexpr TimeNs kIdle = 500 * kMillisecond;
constexpr TimeNs kSoonestKeepAlive = kSecond;
// An octet that was a segment of its own is sent again by the timer within this, more often than not.
constexpr TimeNs kIdleLoneOctet = 3 * kSecond;

// The window was 0 as far as the sender can have known when it sent this.
bool closed_to(const SenderView& own, const PlacedSegment& s) {
  const TimeNs way = std::max<TimeNs>(s.rtt_sender_ns, 0);
  if (own.closed) return s.time_ns() - own.closed_ns >= way;
  return own.ever_closed && s.time_ns() - own.opened_ns < way && s.time_ns() - own.closed_ns >= way;
}

bool before_next(const SenderView& own, const PlacedSegment& s) {
  if (!own.started) return s.standing.keepalive;  // SND.NXT is learnt from its probes
  const StreamOffset next = own.acked ? std::max(own.snd_nxt, own.snd_una) : own.snd_nxt;
  return s.seq == next - 1 || (own.acked && s.segment.payload_length == 0 && s.seq == own.snd_una - 1);
}

bool is_window_probe(const SenderView& own, const PlacedSegment& s) {
  if (before_next(own, s)) return true;
  return s.segment.payload_length == 1 && s.seq >= own.closed_edge;
}

// The window has opened, but the sender has sent nothing since: it begins to probe sooner than keep-alives
// are sent, or goes on at the pace of its probes, which doubles to a limit (RFC 9293 3.8.6.1). The news was
// lost on the way to it.
bool still_probing(const SenderView& own, const PlacedSegment& s) {
  if (!own.ever_closed || own.closed) return false;
  if (own.probed_ns < own.closed_ns)
    return own.stopped && own.new_ns <= own.closed_ns && s.time_ns() - own.closed_ns < kSoonestKeepAlive;
  if (own.new_ns > own.probed_ns) return false;
  const TimeNs step = s.time_ns() - own.probed_ns;
  return mul_sat(step, 10) >= mul_sat(own.probe_step_ns, 8) &&
         mul_sat(step, 10) <= mul_sat(own.probe_step_ns, 25);
}

bool is_keepalive(const SenderView& own, const SenderView& peer, const PlacedSegment& s) {
  if (!before_next(own, s)) return false;
  const TimeNs active_ns = std::max(own.started ? own.new_ns : own.heard_ns, peer.new_ns);
  const TimeNs idle = s.time_ns() - active_ns;
  if (s.segment.payload_length == 0) return idle >= kIdle;
  if (own.in_flight() > 0) return false;
  const bool lone_octet = own.new_seq == s.seq;
  return idle >= (lone_octet ? kIdleLoneOctet : kIdle);
}

}  // namespace

ProbeKind probe_kind_of_odd(const PlacedSegment& s, const SenderView& own, const SenderView& peer) {
  constexpr std::uint16_t kNeither = kSyn | kFin | kRst;
  if ((s.segment.flags & kNeither) != 0 || !s.has(kAck)) return ProbeKind::None;
  if (!(own.started || s.standing.keepalive) || !(own.ever_closed || s.segment.payload_length <= 1))
    return ProbeKind::None;
  if (closed_to(own, s)) {
    if (s.segment.payload_length <= 1 && is_window_probe(own, s)) return ProbeKind::Window;
    return s.has_data() && s.standing.retransmission ? ProbeKind::ClosedRetransmission : ProbeKind::None;
  }
  if (s.segment.payload_length > 1) return ProbeKind::None;
  if (still_probing(own, s) && before_next(own, s)) return ProbeKind::Window;
  return is_keepalive(own, peer, s) ? ProbeKind::KeepAlive : ProbeKind::None;
}

}  // namespace tcpautopsy

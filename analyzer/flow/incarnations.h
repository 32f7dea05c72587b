// Which incarnation of its addresses a segment belongs to, by contract.md's rules.
#pragma once

#include <cstdint>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/live_flow.h"

namespace tcpautopsy {

constexpr bool opens(const TcpSegment& s) { return means_syn(s.flags); }
constexpr bool is_syn_ack(const TcpSegment& s) { return means_syn_ack(s.flags); }
constexpr bool is_rst(const TcpSegment& s) { return means_rst(s.flags); }
constexpr bool is_plain_ack(const TcpSegment& s) {
  return (s.flags & (kSyn | kFin | kRst | kAck)) == kAck && s.payload_length == 0;
}
constexpr bool acknowledges(const TcpSegment& s, Seq iss) {
  return (s.flags & kAck) != 0 && s.ack == iss + 1;
}

// A SYN of this flow: the first of it, one sent again, the second of a simultaneous open, or one that comes
// late.
bool own_syn(LiveFlow& flow, const TcpSegment& syn, TimeNs time_ns);

// `before` may go on after a SYN of other numbers: the SYN may be forged or old, and is told by what follows.
// Once both ends have closed, that is where a FIN is not acknowledged yet, or the SYN lies in the window of
// what came before it, as an initial number seldom does by chance.
bool may_outlive(LiveFlow& before, const TcpSegment& syn);

// A SYN-ACK of this flow, by the SYN it acknowledges or by its own ISN.
bool own_syn_ack(LiveFlow& flow, const TcpSegment& syn_ack);

// A SYN-ACK that is none of this flow, the latest of its addresses, opens another: its SYN was not captured.
bool syn_ack_opens(LiveFlow& latest, const TcpSegment& syn_ack);

// `segment` acknowledges just the SYN that `opening` began with, whatever other numbers are near.
bool answers_opening(LiveFlow& opening, const TcpSegment& segment);

// `segment` answers the SYN that `opening` began with, from the state of the incarnation before (RFC
// 9293 3.10.7.4, first and fourth: an acknowledgment that tells where it stands).
bool challenges(LiveFlow& opening, LiveFlow& before, const TcpSegment& segment);

// The RST of the SYN's sender to such an acknowledgment (RFC 9293 3.5.1).
bool resets_challenge(LiveFlow& opening, const TcpSegment& segment);

// The same where only the direction of the SYN's sender was captured: a RST without ACK takes its number from
// the acknowledgment it answers (RFC 9293 3.5.2), and that tells just where `before` stands.
bool resets_unseen_challenge(LiveFlow& before, const TcpSegment& segment);

// An ICMP error that came at `time_ns` may quote what `s` sent in this flow: it is open, or was a moment ago.
bool may_be_quoted(LiveFlow& flow, Side s, TimeNs time_ns);

// A segment of the other half of `half`, of which only one direction was captured: it fits by seq and ack.
bool completes_half(LiveFlow& half, const TcpSegment& segment);

}  // namespace tcpautopsy

// What is concluded of a connection's end: each FIN and its fate, each RST and what became of it, and what
// went wrong beside them. Empty but for the FINs where a connection closed plainly.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/infer/fate.h"
#include "analyzer/infer/segment_ref.h"
#include "analyzer/infer/tcp_state.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// An ACK of a FIN that passed the capture point, and the FIN sent again that proves that it did not arrive.
struct LostAck {
  SegmentRef ack, resend;
};

// The FIN of one end.
struct FinVerdict {
  SegmentRef first;                 // its first sending that was captured
  StreamOffset end = 0;             // one past the FIN: what acknowledges it
  std::vector<SegmentRef> resends;  // the same FIN again
  Fate fate = Fate::Unknown;        // of the first sending
  SegmentRef acked_by;              // the peer's first segment that covers it; a RST counts
  bool acked_by_reset = false;
  bool knew_of_peers = false;      // when first sent, the peer's FIN had arrived: it closes last
  bool met_reset = false;          // a RST of the peer passed after the first sending
  bool took_data_after = false;    // once it was acknowledged, this end still took new data
  SegmentRef peer_heard;           // the last segment of the peer
  TimeNs idle_ns = 0;              // before its first sending: since the last segment of either end
  SegmentRef crossed_by;           // the peer's next new data, sent before the FIN reached it
  std::vector<LostAck> lost_acks;  // while the peer's FIN had arrived: LAST-ACK or CLOSING
  SegmentRef answer;               // the peer's to the last sending: an ACK of it or a RST
  bool answered_by_reset = false;

  const SegmentRef& last() const { return resends.empty() ? first : resends.back(); }
  std::vector<SegmentRef> sendings() const;
};

enum class Became : std::uint8_t {
  Effective,     // it ended a synchronised connection
  NotTaken,      // outside the receiver's window: dropped in silence (RFC 9293 3.10.7.4)
  Forged,        // its sender goes on, or would not use that number: not its sender's own
  ReplyToStray,  // sent without a socket, or after the end had closed, to a segment that came too late
};

// How a RST's IP header differs from what else its sender sent.
struct HeaderMisfit {
  bool ttl = false;             // all others of this sender agree, and this one differs
  bool ttl_by_initial = false;  // by just the difference of two usual initial values: another code path may
                                // do that
  bool ip_id = false;           // others count up, and this one is out of line
  bool by_handshake =
      false;  // too_soon: the least round trip is that of the SYN, which may have been slow for once
  bool too_soon = false;  // what it answers passed too short a time ago for the way to the sender and back
  std::uint8_t usual_ttl = 0;
  bool any() const { return ttl || ip_id || too_soon; }
};

// A segment that drew a RST.
struct Refused {
  SegmentRef segment;
  StreamOffset begin = 0, end = 0;  // its data
  bool fin = false, keepalive = false;
  bool data_taken_before = false;  // all of its data had been acknowledged
  bool fin_taken_before = false;   // a bare FIN, already acknowledged or next in order
  bool fin_again = false;          // a FIN that had been sent before
  bool asks_for_answer() const { return end > begin || fin || keepalive; }
};

// Why a RST came, as far as packets tell: the first of these that applies. The finding named behind it
// carries the RST's warning; what else is said of that RST counts as info.
enum class ResetCause : std::uint8_t {
  None,                // it ended nothing: forged, dropped, or the answer of an end that had closed
  ProbeRefused,        // it answers a keep-alive probe: keepalive_reset
  ForgottenWhileIdle,  // it answers the first data after long silence: idle_timeout
  ProbesUnanswered,    // its sender's keep-alive probes met silence: keepalive_timeout
  DataUnanswered,      // its sender's data met silence: peer_unresponsive
  WindowClosed,        // its sender had data for a window that stayed closed: zero_window_stuck
  RequestUnanswered,   // its sender had waited in vain for an answer: request_unanswered
  Misfit,              // another may have sent it in that end's name: rst_injected
  Forgotten,           // it answers traffic of the connection, and no socket sent it: peer_restarted
  UnreadData,          // its sender may not have read all that its TCP had taken: rst_unread_data
  Abort,               // none of these: rst_abort
};

// What a RST is by itself, whoever tells of it and why.
enum class ResetKind : std::uint8_t {
  NoSocketAfterHandshake,  // it answers the first segments of a connection just opened
  NoSocketAfterIdle,       // it answers a segment after long silence
  NoSocket,                // it answers a segment otherwise
  ProbesUnanswered,        // keep-alive probes of its sender met silence before
  RepeatsUnanswered,       // so did what its sender sent again
  DataMissing,             // it had waited in vain for data of its peer that were lost
  Idle,                    // neither end had sent anything for long
  AllAcknowledged,         // a deliberate abort: its sender had nothing left to send
  Abort,                   // none of these
};

// What the end that resets had sent since it last heard of its peer.
enum class Unanswered : std::uint8_t { Nothing, Data, Repeats, Probes };

// One RST after the handshake.
struct ResetVerdict {
  SegmentRef segment;
  Side side = Side::A;                 // its (alleged) sender
  TcpState state = TcpState::Unknown;  // likeliest state of the sender just before
  Became became = Became::Effective;
  bool connection_lost = false;  // likeliest, its sender had lost the connection (a restart) and never closed
  bool acknowledges = false;     // it carries ACK, as those of a socket that aborts
  bool fin_sent = false;         // the sender's own FIN passed before
  bool fin_received = false;     // the peer's FIN passed before
  bool of_handshake = false;     // the server's first word after the client had completed the handshake
  bool after_close = false;      // it answers data, a FIN or a probe that came after the sender's own FIN
  std::optional<Refused> answers;  // from whose ACK field it took its number (RFC 9293 3.5.2): no socket
  std::optional<Refused> met;      // where after_close: what it answers, though it carries ACK; none if that
                                   // was not captured
  bool beyond_window = false;      // outside the receiver's window
  bool odd_sequence = false;       // a number that neither its sender nor an answer by it would use
  bool inexact = false;            // inside it, but not RCV.NXT as far as that is known (RFC 5961 3.2)
  SegmentRef goes_on;              // a later segment by which the sender goes on with the connection
  SegmentRef not_heeded;           // where not taken: a later segment by which the receiver goes on
  HeaderMisfit misfit;
  std::uint8_t ttl = 0;
  std::uint32_t ip_id = 0;
  SegmentRef own_before, peer_before;  // the last segment of each end before it
  TimeNs idle_ns = 0;                  // before it, or before the segment it answers
  Unanswered unanswered = Unanswered::Nothing;
  // Octets of data; none where the capture does not know what was acknowledged, or sent.
  std::optional<StreamOffset> unacknowledged_own, unacknowledged_peer;
  StreamOffset maybe_unread = 0;  // octets of the peer that its TCP had taken, and nothing shows that it read
  bool answered_early = false;    // of these: it had sent an answer while the peer was still sending them
  bool all_acked = false;         // the peer acknowledges all that the sender sent, sooner or later
  ResetCause cause = ResetCause::None;
  ResetKind kind = ResetKind::Abort;

  // It ends a synchronised connection in place of a close.
  bool aborts() const { return became == Became::Effective && !(fin_sent && fin_received); }
};

// This end acknowledged the peer's FIN and has sent none of its own, nor anything that holds it back.
struct LeftOpen {
  TimeNs since_ns = 0;                  // its last data, or the acknowledgment
  SegmentRef data_after_fin;            // its last, if that came after the acknowledgment
  bool may_have_closed_before = false;  // its own FIN may lie before the capture, which shows no data of it
};

// New data that this end sent knowing of its peer's FIN, and that the peer took.
struct SentAfterPeersFin {
  SegmentRef first, last;
  StreamOffset octets = 0;
};

enum class Challenged : std::uint8_t { Syn, InexactReset, AckOfUnsent };
struct ChallengeAck {
  SegmentRef asked, ack;
  Challenged kind = Challenged::Syn;
  bool peer_reset = false;  // a RST of the peer follows
};

// An old segment, the ACK it draws from TIME-WAIT, and the RST that this meets (RFC 1337).
struct Assassination {
  SegmentRef late, ack, reset;
  TimeNs age_ns = 0;  // of the TIME-WAIT
  std::uint32_t octets = 0;
  bool late_is_fin = false;
};

// Traffic of the peer on the established connection met an answer that only a host gives which does not know
// it.
struct Forgotten {
  SegmentRef traffic, answer;
  bool by_syn_ack = false;  // with a new sequence number; else by a RST
  bool just_heard = false;  // the host had been heard a moment before: no time for a restart
  bool doubtful = false;    // that, or the RST may be another's
};

// Of one end.
struct EndClosing {
  std::optional<FinVerdict> fin;
  std::vector<ResetVerdict> resets;
  bool said_close = false;  // a FIN or RST of it was captured
  std::optional<LeftOpen> left_open;
  // The peer's FIN and its ACK, and no data of either, from the middle of a connection: the end of a close
  // that this end began before the capture looks the same.
  bool may_have_closed_first = false;
  std::optional<SentAfterPeersFin> sent_after_peers_fin;
  std::vector<ChallengeAck> challenges;    // that it sent
  std::vector<SegmentRef> old_duplicates;  // of it, when the next incarnation had been answered
  std::uint64_t old_octets = 0;
  std::optional<Assassination> assassination;  // of its TIME-WAIT
  std::optional<Forgotten> forgotten;          // by it
};

enum class SynMet : std::uint8_t { Nothing, SynAck, Reset, Challenge };

// The incarnation before was still in TIME-WAIT, by the profile, when this one's first SYN came.
struct TimeWaitReuse {
  SegmentRef syn;
  Side opener = Side::A, holder = Side::A;
  TimeNs age_ns = 0;  // of that TIME-WAIT
  SynMet met = SynMet::Nothing;
  SegmentRef answer;
  std::vector<SegmentRef> unanswered;  // SYNs sent before it
  bool behind = false;  // its timestamp or number lies behind the old connection's (RFC 6191 2)
};

struct ClosingVerdicts {
  PerSide<EndClosing> ends;
  bool any_reset = false;  // a RST of either end was captured
  SegmentRef ended_by;     // the first RST that ended a synchronised connection
  Side ended_by_side = Side::A;
  std::optional<TimeWaitReuse> reuse;

  const EndClosing& of(Side side) const { return ends[index(side)]; }
  const FinVerdict* fin(Side side) const { return of(side).fin ? &*of(side).fin : nullptr; }
  const std::vector<ResetVerdict>& resets(Side side) const { return of(side).resets; }
};

}  // namespace tcpautopsy

// How a connection opened: the SYNs and their answers, how far the handshake is known to have come, and what
// either end ignored on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/infer/path_errors.h"
#include "analyzer/infer/resend_steps.h"
#include "analyzer/infer/segment_ref.h"
#include "analyzer/infer/tcp_state.h"

namespace tcpautopsy {

struct FlowHistory;
struct Observations;

struct OpeningReset {
  SegmentRef segment;
  bool bare = false;     // without ACK: its sender has no socket for what it met (RFC 9293 3.10.7.1)
  SegmentRef syn_again;  // the same SYN after it: the socket that connects is another than what reset

  explicit operator bool() const { return static_cast<bool>(segment); }
};

// Both ends sent a SYN without ACK.
struct BothOpened {
  SegmentRef server_syn;
  std::vector<SegmentRef> syn_acks;  // of either end
  bool crossed = false;  // the server sent its SYN before it answered the client's (RFC 9293 3.5, figure 7)

  explicit operator bool() const { return static_cast<bool>(server_syn); }
};

// SYN-ACKs that the server sent although a segment that completes the handshake had passed early enough to
// reach it before, and what it ignored. An answer that was under way to the server when the SYN-ACK left it
// does not count: the round trip between the capture point and the server decides, 500 ms where it is not
// known.
struct IgnoredAcks {
  std::vector<SegmentRef> repeats;  // such SYN-ACKs
  std::vector<SegmentRef> ignored;  // the client's segments before them
  std::size_t with_data = 0;        // of `ignored`, those that carried data
};

// Resent SYNs that the client sent although a SYN-ACK had passed early enough to reach it before. Each is
// followed by another SYN-ACK before the client acknowledges any: an ACK that comes sooner answers an earlier
// one. None where a timestamp echo shows that the first SYN-ACK did arrive.
struct IgnoredSynAcks {
  std::vector<SegmentRef> syns;      // such SYNs
  std::vector<SegmentRef> syn_acks;  // the SYN-ACKs before them
  bool timed = false;                // the round trip to the client is known, and was waited for
};

// A handshake that the server gave up: it repeated its SYN-ACK, stopped, and nothing completed.
struct Abandoned {
  SegmentRef reset;         // its own RST, or one that answers the client, shows it; else silence does
  TimeNs silence_ns = 0;    // from the last SYN-ACK to the RST or the capture's end
  TimeNs next_step_ns = 0;  // the longest that the next repeat could take
  bool certain = false;     // no segment that completes the handshake passed after the last repeat
};

// What a listener without room in its accept queue does with a handshake that the client completed. The same
// is seen of a path that loses all the client sends: whether others opened meanwhile tells them apart, which
// one connection cannot know.
enum class ThrownAway : std::uint8_t {
  No,
  Ignored,  // it ignored two or more segments that complete it, and repeated its SYN-ACK as often
  Reset,    // it answered the ACK with a RST at once (net.ipv4.tcp_abort_on_overflow)
};

// What answered the SYN in place of a SYN-ACK, where nothing else did.
struct Refusals {
  std::vector<SegmentRef> resets;  // RST with an ACK of the SYN
  SegmentRef reset_syn;            // the last SYN before the first of them
  SegmentRef accepted;             // a SYN sent again after them that was answered by a SYN-ACK
  SegmentRef syn_ack;              // one before them that did not arrive: the SYN was sent again
  std::uint8_t reset_ttl = 0;      // of the first
  bool overtook_syn_ack = false;   // it stands behind the SYN-ACK that came after it: of the same socket
  std::vector<RefusingError> errors;

  bool empty() const { return resets.empty() && errors.empty(); }
};

// A RST that the client in SYN-SENT must drop (RFC 9293 3.10.7.3).
struct IgnoredReset {
  SegmentRef segment;
  SegmentRef syn;                 // the last SYN before it
  bool bare = false;              // without ACK
  StreamOffset acknowledges = 0;  // counted from the ISS: right would be 1, or as much as the SYN carried
  std::uint8_t ttl = 0;
};

// What a SYN can carry that a device on the path may take offence at.
enum class SynFeature : std::uint8_t { Ecn, FastOpen, Multipath, Timestamps };
std::string_view name(SynFeature feature);  // "ECN setup (ECE and CWR)"

// SYNs with it had no answer, and the same SYN without it was answered at once.
struct SynFeatureDropped {
  SynFeature feature = SynFeature::Ecn;
  std::vector<SegmentRef> with;
  SegmentRef without, answer;
};

// The peer still holds the connection before, of the same addresses (RFC 9293 3.5.1).
struct ReuseBlocked {
  TcpState state = TcpState::Unknown;  // that it holds it in, likeliest
  std::vector<SegmentRef> acks;        // of the old numbers, by which it answers the SYNs
  bool cleared = false;  // the opener's RST ended the old one, or a SYN-ACK shows that it is over
};

// The client stopped to send its SYN, and nothing that counts ever answered it.
struct ConnectGivenUp {
  TimeNs silence_ns = 0;    // from the last SYN to the next incarnation's or the capture's end
  TimeNs next_step_ns = 0;  // the longest that the next SYN could take
  bool by_profile = false;  // as many were sent as the profile allows
  bool tried_anew = false;  // it is a new SYN from the same port that ends the silence
};

struct Opening {
  // SYN, SYN-ACK and ACK once each, no data in the SYN, and no RST at any time: most connections. Of such a
  // one nothing is kept beyond the first three segments.
  bool plain = false;
  bool only_syns = false;  // nothing but SYNs was captured, and what is no answer to them
  Sendings syns;           // the client's, of one ISN
  HeaderLook syn;          // of the first
  Sendings syn_acks;       // the server's that acknowledge it; a self-connection's own
  SegmentRef completing;   // the client's first segment that acknowledges the SYN-ACK: no SYN, no RST

  std::vector<IgnoredReset> ignored_resets;  // of the server; what is said of it below leaves them out
  std::size_t syns_unanswered = 0;  // sent before anything of the server or an ICMP error about them passed
  SegmentRef server_knows;          // the server's first segment that is no SYN, SYN-ACK or RST
  bool server_took_data = false;    // that acknowledges data
  OpeningReset client_rst, server_rst;  // the first of each
  BothOpened both;
  IgnoredAcks ignored_acks;
  IgnoredSynAcks ignored_syn_acks;
  // SYN-ACKs sent again by the server's timer before any segment of the client that completes the handshake
  // passed; two or more. None where its SYN, sent again, shows what was lost.
  std::vector<SegmentRef> late_completion;
  std::optional<Abandoned> abandoned;
  bool reset_on_completing =
      false;  // `server_rst` is its first word after the client completed the handshake
  ThrownAway thrown_away = ThrownAway::No;
  Refusals refusals;
  std::optional<ConnectGivenUp> given_up;
  std::optional<SynFeatureDropped> feature_dropped;
  std::optional<ReuseBlocked> blocked;
};

// Reads how the connection opened into `opening`, `handshake`, `odd_segments` and `syn_offers` of the
// history, which needs its facts and profile.
void conclude_opening(const Observations& observations, FlowHistory& history);

}  // namespace tcpautopsy

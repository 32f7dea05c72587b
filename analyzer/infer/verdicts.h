// What is concluded of one connection, made once and never changed: how it opened and closed, and what became
// of what decided it. Detectors read this, the facts without packets (flow/flow_facts.h) and the results of
// the transfer (transfer/transfer_results.h), and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/infer/answers.h"
#include "analyzer/infer/basis.h"
#include "analyzer/infer/closing.h"
#include "analyzer/infer/odd_segments.h"
#include "analyzer/infer/opening.h"
#include "analyzer/infer/path_errors.h"
#include "analyzer/infer/predecessor.h"
#include "analyzer/infer/profile.h"
#include "analyzer/infer/segment_ref.h"
#include "analyzer/infer/silence.h"
#include "analyzer/infer/syn_offers.h"
#include "analyzer/infer/tcp_state.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// One change of state of one end.
struct Transition {
  Side side = Side::A;
  TcpState from = TcpState::Closed, to = TcpState::Closed;
  Basis basis = Basis::Inferred;
  RecordIndex record = kNoRecord;     // the segment sent or received; kNoRecord for timers and ICMP
  RecordIndex proved_by = kNoRecord;  // for Confirmed: the later segment that proves receipt
  std::optional<FrameRef>
      proof;  // frame of `proved_by`, or of the SYN-ACK to the SYN of the next incarnation
  std::optional<FrameRef>
      frame;               // of `record`, of the ICMP error, or of a new incarnation's SYN; none for timers
  TimeNs time_ns = 0;      // of the frame, or when the timer ran out
  TimeNs at_ns = 0;        // best estimate of when the endpoint itself changed
  std::string_view cause;  // "sent SYN", "received FIN", "2MSL ran out"
  std::string_view rfc;    // "9293 3.10.7.4"
  StateSet possible;       // all states that remain possible after it; more than one: `to` is the likelier
};

enum class Handshake : std::uint8_t {
  Complete,
  HalfOpen,
  SynOnly,
  SynAckOnly,
  Refused,
  Filtered,
  Aborted,
  Simultaneous,
  FastOpen,
  None
};
enum class Close : std::uint8_t { Open, AFin, BFin, BothFin, ARst, BRst, Timeout };
enum class ClosedFirst : std::uint8_t { A, B, Both, None };
std::string_view name(Handshake handshake);  // contract.md's words
bool never_opens(Handshake handshake);       // it was tried, and no connection came of it

// An end that sent again and again without answer, then stopped: it gave up.
struct GiveUp {
  TcpState in = TcpState::SynSent;                  // the state it gave up in
  RecordIndex first = kNoRecord, last = kNoRecord;  // first sending and last resend
  unsigned resends = 0;
  TimeNs at_ns = 0;         // when the next resend was due and did not come
  bool by_profile = false;  // the profile's count was reached; else only a due step did not come
};

struct EndpointOutcome {
  TcpState final = TcpState::Unknown;  // at the capture's end, the likeliest
  std::vector<TcpState>
      final_possible;            // likeliest first, `final` included; {Unknown} alone where nothing is known
  StateSet final_not_ruled_out;  // all that any course leaves, however many losses it needs
  std::optional<GiveUp> give_up;
};

// A timestamp of RFC 7323 as it was sent.
struct Stamp {
  TimeNs time_ns = 0;
  std::uint32_t value = 0;
};

// The first segment of `side` that no course of events explains.
struct Contradiction {
  SegmentRef segment;
  Side side = Side::A;
};

// What ended the watch over a connection.
enum class WatchEnd : std::uint8_t { CaptureEnd, CapturePause, NextConnection };

struct Verdicts {
  TimeNs capture_end_ns = 0;
  // How long it was seen that nothing more came: to the capture's end, unless the capture paused before, or
  // the next connection of the same addresses took its place.
  TimeNs watched_until_ns = 0;
  WatchEnd watch_end = WatchEnd::CaptureEnd;
  Profile profile;
  std::shared_ptr<const PreviousIncarnation> previous;  // of the same addresses, if it was captured
  std::vector<Transition> transitions;                  // by at_ns
  PerSide<EndpointOutcome> outcomes;
  Handshake handshake = Handshake::None;
  Opening opening;
  OddSegments odd_segments;
  SynOffers syn_offers;
  Close close = Close::Open;
  ClosedFirst closed_first = ClosedFirst::None;
  PerSide<Silence> silences;
  PerSide<std::optional<PacketTooBig>> too_big;  // by the end that sent what was
  ClosingVerdicts closing;
  AnswerVerdicts answers;
  // Some segment fits no state: capture loss, reordering, spoofing or a broken stack.
  std::optional<Contradiction> contradiction;
  PerSide<std::vector<SegmentRef>> lost_after_tap;        // known lost after the capture point, by sender
  PerSide<std::optional<Stamp>> first_stamp, last_stamp;  // TSval of each end
  PerSide<std::vector<FrameRef>> copies;  // captured twice, or doubled by the network, by sender

  const EndpointOutcome& outcome(Side side) const { return outcomes[index(side)]; }
};

}  // namespace tcpautopsy

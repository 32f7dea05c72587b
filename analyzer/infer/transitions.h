// The state machine of RFC 9293 as an observer needs it: tables, one row a transition or a rule over the rows
// of another table.
//
// kArriveRows: what a segment does IF it arrives, which a capture cannot see. kSendRows: what an endpoint's
// own segment shows. kTimerRows: what time does. The rest is what an observer needs besides, since a capture
// begins somewhere and misses something: kStartRows, kToldRows, kHiddenRows, kUnseenRows, kSilentRows,
// kJumpRows, kSuccessorRows. The tables are the only place where a transition is written; both passes, the
// traceback and states.md go by them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "analyzer/infer/tcp_state.h"
#include "analyzer/infer/weights.h"

namespace tcpautopsy {

// What a segment can mean to its receiver; one segment may carry several.
enum Trigger : std::uint8_t {
  kGotSyn = 1,        // SYN without ACK
  kGotSynAck = 2,     // SYN with an ACK of our SYN
  kGotAckOfSyn = 4,   // ACK that covers our SYN
  kGotFin = 8,        // after it the stream is whole up to and with the FIN (RCV.NXT passes it)
  kGotAckOfFin = 16,  // ACK that covers our FIN
  kGotRst = 32,       // RST that passes the sequence check of RFC 9293 3.10.7.4 (or of 3.10.7.3 in SYN-SENT)
  kGotIcmp = 64,      // ICMP error that aborts a connection attempt
};

struct ArriveRow {
  TcpState from;
  Trigger on;
  TcpState to;
  std::string_view cause, rfc;
  Cost ignored = kNever;  // what it costs that it came and did not do so
};

enum class Sends : std::uint8_t { Syn, SynAck, Ack, Fin, Rst };  // Ack: data or a plain acknowledgment

enum class Given : std::uint8_t {
  Always,
  EarlyData,  // the SYN's data was taken (RFC 7413)
  FirstSyn    // it had not been sent before
};

struct SendRow {
  TcpState from;
  Sends what;
  TcpState to;
  Cost cost;  // 0: as usual
  std::string_view cause, rfc;
  Given given = Given::Always;
};

// What a RST looks like tells who sent it: a bare one answers a segment that its sender has no use for, one
// with ACK aborts a connection or refuses a SYN, and what it acknowledges had come.
enum class RstForm : std::uint8_t {
  RefusesSyn,
  RefusesHandshake,
  RefusesProbe,
  AfterSilence,
  Bare,
  BehindFin,
  AcknowledgesFin,
  WithAck
};

// What a RST of this form costs beyond its row, from these states; no row, nothing.
struct RstFormRow {
  RstForm form;
  StateSet from;
  Cost cost;
  std::string_view reason, rfc;
};

enum class Clock : std::uint8_t { Msl2, FinWait2, SynResends, SynAckResends, OrphanResends, DataResends };

// What it costs to have left by the timer at the capture's end, or not to have, depends on how sure it is
// that it ran out: timers.h.
struct TimerRow {
  TcpState from;
  Clock clock;
  TcpState to;
  std::string_view cause, rfc;
};

// A change to CLOSED that no segment shows, told by the RST that follows.
struct SilentRow {
  TcpState from, to;
  Cost due_cost;    // where the timer had run out
  Cost early_cost;  // where it had not, or there is none: closed, killed or rebooted
  std::string_view cause, rfc;
  std::string_view early_cause = {}, early_rfc = {};  // where another is told then
};

// What of an opening was captured, as one end sees it. From OwnSynAck on the end's past is outside the
// capture.
enum class OpeningSeen : std::uint8_t { OwnSyn, PeerSyn, OwnSynAck, PeerSynAck, Nothing };

// The states that an end can be in before its first captured segment.
struct StartRow {
  OpeningSeen captured;
  TcpState state;
  Cost cost;
  std::string_view rfc;
};

// The first that a history tells of an end whose past is outside the capture: from UNKNOWN to any of these.
struct ToldRow {
  StateSet to;
  std::string_view cause, rfc;
};

// Why a segment is supposed that was not captured.
enum class Evidence : std::uint8_t {
  Nothing,            // it may have been lost before the capture point, and a later copy was captured
  Acknowledged,       // it was acknowledged
  IpIdGap,            // the IP IDs leave room for it
  CaptureLoss,        // the capture missed segments
  PeerNotCaptured,    // nothing that the peer sent was captured
  NotCaptured,        // nothing of its own was captured
  AcknowledgedLater,  // what comes later acknowledges it
  EndMissed,      // the capture missed the last octets of its stream, which the other end's FIN acknowledges
  PeerEndMissed,  // of the peer's
  OutOfOrder,     // it was captured, behind what was sent after it or with an acknowledgment that is behind
};

// An own segment that was not captured. A rule: from each of these states by the row of kSendRows for `what`
// that changes the state.
struct HiddenRow {
  Evidence evidence;
  StateSet from;
  Sends what;
  Cost cost, stay_cost;  // stay_cost: of not having sent it, in a state that can
  std::string_view cause, rfc;
};

// A segment toward the end that was not captured. A rule: for each of the triggers `on` alone the row of
// kArriveRows, and in the state it leads to, the row for `then`, if there is one; ICMP errors apart.
struct UnseenRow {
  Evidence evidence;
  std::uint8_t on, then;
  Cost cost;
  std::string_view cause, rfc;
};

// Nothing explains what an end sent: from any state, to one that can have sent it.
struct JumpRow {
  Sends what;
  TcpState to;
  Cost cost;
  std::string_view cause, rfc;
};

enum class Succession : std::uint8_t { SentNewSyn, ResetOld, AnsweredNewSyn };

// The next incarnation of the same addresses begins: the old connection is over. It costs nothing, being
// certain.
struct SuccessorRow {
  Succession seen;
  StateSet from;
  TcpState to;
  std::string_view cause, rfc;
};

// Without a connection: what arrives changes nothing, and need not be answered.
constexpr StateSet kNoConnection{TcpState::Closed, TcpState::Listen};

std::span<const ArriveRow> arrive_rows();
std::span<const SendRow> send_rows();
std::span<const RstFormRow> rst_form_rows();
std::span<const TimerRow> timer_rows();
std::span<const SilentRow> silent_rows();
std::span<const StartRow> start_rows();
std::span<const ToldRow> told_rows();
std::span<const HiddenRow> hidden_rows();
std::span<const UnseenRow> unseen_rows();
std::span<const JumpRow> jump_rows();
std::span<const SuccessorRow> successor_rows();

// The row that applies when a segment with `triggers` arrives in `state`, by the RFC's order RST, SYN, ACK,
// FIN; null if it changes nothing. One segment may take several rows in turn (FIN and ACK of our FIN
// together).
const ArriveRow* arrive(TcpState state, std::uint8_t triggers);

// Where a whole segment leads: all rows in turn.
TcpState deliver(TcpState state, std::uint8_t triggers);

// The rows of one key; null if there is none.
const SendRow* send_row(TcpState from, Sends what, TcpState to);
const TimerRow* timer_row(TcpState from);
const SilentRow* silent_row(TcpState from);
const JumpRow* jump_row(Sends what, TcpState to);
const SuccessorRow* successor_row(Succession seen);

}  // namespace tcpautopsy

// Every weight and every patience of the inference, each with what it must be above or below.
//
// Costs are added up along a sequence of states; the cheapest sequence is the likeliest. The scale: four
// points are one lost packet. Only the order of sums matters: tests/unit/infer/weights_test.cc states the
// relations and fails when one moves out of its order.
#pragma once

#include <cstdint>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Unlikelihood in points.
using Cost = std::uint16_t;
constexpr Cost kNever = 0xffff;

namespace weights {

// --- Loss and arrival -----------------------------------------------------------------------------------

// The unit: one segment lost behind the capture point.
inline constexpr Cost kLost = 4;
// Next to an endpoint hardly anything is lost: as much as two losses elsewhere.
inline constexpr Cost kLostNearby = 8;
// An endpoint this near, by its round trip, counts as next to the capture point.
inline constexpr TimeNs kNearby = kMillisecond;
// The FIN of an arriving segment stands behind octets that were lost: one more loss.
inline constexpr Cost kBehindHole = 4;
// An ICMP error that did not end a connection attempt: as rare as a loss, since hosts give up at once.
inline constexpr Cost kIcmpIgnored = 4;
// A RST that did not end TIME-WAIT, as RFC 1337 asks of its receiver: not below kLate, plausible beside its
// effect.
inline constexpr Cost kTimeWaitKeepsOn = 3;
// A segment that came later than it should: cheaper than its loss, dearer than on time.
inline constexpr Cost kLate = 1;
// Later by so much that another copy was more likely the one: dearer than that one's coming early, cheaper
// than a loss.
inline constexpr Cost kLateByFar = 3;
inline constexpr TimeNs kFarLate = 500 * kMillisecond;
// A segment that came before it was due, more than half a round trip after it passed: dearer than late.
inline constexpr Cost kEarly = 2;
// Earlier still: the round trip was measured far too long; not cheaper than two losses.
inline constexpr Cost kFarTooEarly = 8;
// A RST beside RCV.NXT draws a challenge ACK (RFC 5961 3.2); its effect is dearer than a loss.
inline constexpr Cost kInexactRst = 6;
// No challenge ACK came, though it was due: it is rate-limited, or the receiver takes any RST in the window
// (RFC 793). Not above kPlausible.
inline constexpr Cost kInexactRstUnanswered = 3;

// --- Replies that should have come -----------------------------------------------------------------------

// Proof, though not of the kind that excludes (an echoed timestamp, a DSACK): above any sum of the rest that
// is granted in one step.
inline constexpr Cost kCertain = 20;
// Another copy than this one was echoed: near proof, below kCertain, and above two losses.
inline constexpr Cost kAnotherTaken = 12;
// No reaction came though it was due: the segment's arrival costs so much more than its loss.
inline constexpr Cost kNoReaction = 1;
// An ACK that passed and did not complete the handshake: lost, or dropped by a full accept queue. Below
// kLost, for the queue comes on top of the network.
inline constexpr Cost kDropped = 3;
// After one that was lost for certain another of its kind is lost sooner: two of these are as much as one
// loss.
inline constexpr Cost kLostAgain = 2;
// Toward an end that answers nothing: the loss of a further segment is next to free, its arrival dear.
inline constexpr Cost kDeadPathMiss = 1;
inline constexpr Cost kDeadPathArrival = 3;
// A bare RST answers one segment, which was refused: that it was taken and changed the state costs this.
inline constexpr Cost kRefusedTaken = 2;

// Least delay beyond the round trip at which a missing reaction speaks: delayed ACKs come within 40 ms on
// Linux (RFC 9293 3.8.6.3 allows 500 ms), SYN-ACKs and the ACK of one at once.
inline constexpr TimeNs kPatienceForFin = 130 * kMillisecond;
inline constexpr TimeNs kPatienceForSyn = 60 * kMillisecond;
// A reaction that never comes: so much longer than that.
inline constexpr TimeNs kPatienceForEver = kSecond;
// An end that is silent for so long beyond the round trip, and for so many sendings again, is cut off.
inline constexpr TimeNs kPatienceForDeadPath = 500 * kMillisecond;
inline constexpr unsigned kUnansweredOfDeadPath = 2;
// A bare RST answers a segment that is at most so much older than the round trip.
inline constexpr TimeNs kOldestRefused = kSecond;
// Next to an endpoint, round trips measure its own pace.
inline constexpr TimeNs kJitter = kMillisecond / 5;
// The least round trip measured may be a little above the least there is.
constexpr TimeNs shortest(TimeNs rtt_ns) { return rtt_ns - rtt_ns / 8; }

// --- Sendings --------------------------------------------------------------------------------------------

// Data from SYN-RECEIVED without Fast Open: no stack does it, but the handshake's ACK may be lost for good.
// Above kLost: the loss of that ACK is never explained by it.
inline constexpr Cost kSendsInSynReceived = 6;
// A FIN from SYN-RECEIVED (RFC 9293 3.10.4): sockets are closed once they are accepted, after the handshake.
// Above kUnseenOneSided: an ACK of the direction that was not captured came before; below kLost, as the ACK
// may have.
inline constexpr Cost kClosesInSynReceived = 2;
// SYN-SENT: a RST answers an ACK out of place sooner than it aborts the attempt.
inline constexpr Cost kSynSentRefuses = 1;
inline constexpr Cost kSynSentAborts = 2;
// SYN-RECEIVED: a RST aborts sooner than it answers an ACK out of place.
inline constexpr Cost kSynReceivedAborts = 1;
inline constexpr Cost kSynReceivedRefuses = 2;
// After both FINs an abort is odd, and from TIME-WAIT odder: no application is left to ask for it.
inline constexpr Cost kClosingAborts = 1;
inline constexpr Cost kTimeWaitAborts = 4;
// A RST whose form fits another sender: below kLost, for some stacks send it so.
inline constexpr Cost kRstFormUnusual = 3;
// A bare RST that answers a keep-alive probe from an end that has the connection: above kSilentOpen, for it
// would have sent an ACK.
inline constexpr Cost kRstRefusesProbe = 10;
// So does one that answers data after a long silence: that end, or a device in its name, had forgotten the
// connection.
inline constexpr Cost kRstAfterSilence = 10;
// A RST that acknowledges a FIN which had not come: above kLost, below kUnseen, for a RST may carry any
// number there (RFC 5961 1.1).
inline constexpr Cost kRstAcknowledgesMore = 6;
// A bare RST to an acceptable SYN-ACK from an end with an attempt under way: above two oddities.
inline constexpr Cost kRstRefusesOwnAttempt = 6;

// --- What was not captured -------------------------------------------------------------------------------

// A FIN lost before the capture point: above kLost, since it must be the FIN.
inline constexpr Cost kHiddenFin = 6;
// That it was the first of two, where either may be: closing in answer to a FIN is commoner than FINs that
// cross; breaks a tie.
inline constexpr Cost kHiddenFinFirst = 1;
// Of a FIN that only its acknowledgment shows: sent earlier than just before that; breaks a tie.
inline constexpr Cost kHiddenFinEarlier = 1;
// That a gap in the IP IDs before the first captured FIN was no earlier FIN: below kLost, for other packets
// may have been lost there.
inline constexpr Cost kGapWithoutFin = 2;
// A segment that the capture missed: above two losses and a hidden FIN, which explain without it.
inline constexpr Cost kUnseen = 12;
// In a direction that was not captured at all it is the rule.
inline constexpr Cost kUnseenOneSided = 1;
// That it was the peer's FIN, where an ACK explains as much: breaks a tie.
inline constexpr Cost kUnseenFinOneSided = 2;
// A RST there: rarer, yet no rarer than a loss.
inline constexpr Cost kUnseenReset = 3;
// The last that is acknowledged there is one octet, once and before a close: that it was data and no FIN.
// Above kUnseenFinOneSided.
inline constexpr Cost kLastOctetIsData = 3;
// The last octets of a stream were missed, and the other end has closed: that no FIN was among them. Below
// kPlausible, for both may be.
inline constexpr Cost kEndWithoutFin = 2;
// Starting anew: above all else that one step can cost.
inline constexpr Cost kJump = 24;

// --- Silent changes before a RST -------------------------------------------------------------------------

// close() before the handshake is over sends nothing.
inline constexpr Cost kSilentSynSent = 1;
// TIME-WAIT cut short: a full table, tcp_tw_reuse; below kLost.
inline constexpr Cost kSilentTimeWait = 3;
// A socket in the handshake, in its close, and open: ever more would have to go wrong.
inline constexpr Cost kSilentSynReceived = 6;
inline constexpr Cost kSilentClosing = 7;
inline constexpr Cost kSilentOpen = 9;

// --- Start in the middle ---------------------------------------------------------------------------------

// ESTABLISHED is free: most connections are found in it. The rest by how long they last.
inline constexpr Cost kFoundHalfClosed = 2;
inline constexpr Cost kFoundFinOutstanding = 3;
inline constexpr Cost kFoundBothClosed = 4;
inline constexpr Cost kFoundNotOpen = 5;
inline constexpr Cost kFoundListening = 6;

// --- Endings by timers -----------------------------------------------------------------------------------

// Left by the retransmission timer without a sign of it: opening and closing, and open.
inline constexpr Cost kGaveUpUnseen = 8;
inline constexpr Cost kGaveUpDataUnseen = 12;
// SYN-SENT left when the next SYN of most systems was due and did not come, while slower ones still wait:
// plausible, and not likelier than those.
inline constexpr Cost kGaveUpSynOverdue = 3;
// A FIN that was never sent again is not unacknowledged: neither still there nor given up, above kPlausible.
inline constexpr Cost kFinNotOutstanding = 5;
// Resends have stopped: that the end is still there though one was due.
inline constexpr Cost kStillThereFewResends = 2;
inline constexpr Cost kStillThereByProfile = 3;  // the profile's last, and the next not surely over
inline constexpr Cost kStillThereManyResends = 5;
inline constexpr Cost kStillProbing = 2;
// TIME-WAIT, over: surely, and within the timer's slack; or over only if the last FIN was lost.
inline constexpr Cost kTimeWaitOverdue = 8;
inline constexpr Cost kTimeWaitJustOver = 1;
inline constexpr Cost kTimeWaitNotRestarted = 2;
// FIN-WAIT-2, over for a closed socket; packets do not tell it from one that was shut down.
inline constexpr Cost kFinWait2Over = 2;

// Linux rounds long timers up to a coarse step of its timer wheel; 60 s come late by up to some seconds.
inline constexpr TimeNs kTimerSlack = 4 * kSecond;
// RFC 6298 2.1: what has no measured round trip is sent again after a second.
inline constexpr TimeNs kFirstTimeout = kSecond;
// The first resend comes within 1 s on Linux, 3 s on older systems (RFC 2988 2.1).
inline constexpr TimeNs kFirstStep = 3 * kSecond;
// Linux TCP_RTO_MAX; RFC 6298 2.4 asks for 60 s or more.
inline constexpr TimeNs kLongestStep = 120 * kSecond;
// Resends come late by some percent, and by the host's pace.
constexpr TimeNs resend_tolerance(TimeNs step) { return step / 32 + 100 * kMillisecond; }
constexpr TimeNs probe_tolerance(TimeNs step) { return step / 8 + kSecond; }
// Fewer sendings tell no back-off: of data, which may wait for other reasons, and of probes.
inline constexpr unsigned kFewestResends = 2;
inline constexpr unsigned kFewestProbes = 3;

// --- Traceback -------------------------------------------------------------------------------------------

// States that cost more than this above the likeliest are not told as possible: one lost packet is granted,
// two are not.
inline constexpr Cost kPlausible = 4;
// Rows this unusual do not stand in the way of a proof.
inline constexpr Cost kUnheardOf = 6;

}  // namespace weights
}  // namespace tcpautopsy

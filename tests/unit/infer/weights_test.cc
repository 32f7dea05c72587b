// The order of the weights. A relation that fails to hold fails to compile.
#include "analyzer/infer/weights.h"

#include <catch2/catch.hpp>

#include "analyzer/infer/expected_replies.h"
#include "analyzer/infer/transition_tables.h"

namespace tcpautopsy::weights {

// One loss is granted where states are told, two are not.
static_assert(kPlausible >= kLost && kPlausible < 2 * kLost);
static_assert(kLostNearby == 2 * kLost);
static_assert(loss_cost(0) == kLost, "an end at an unknown distance is not near");
static_assert(loss_cost(kNearby - 1) == kLostNearby && loss_cost(kNearby) == kLost);

// On time, late, early, lost.
static_assert(0 < kLate && kLate < kEarly && kEarly < kLost && kLost < kFarTooEarly);
// A challenge ACK explains an inexact RST sooner than its loss does.
static_assert(kInexactRst > kLost);

// Evidence outweighs what one step may grant, and one kind of it another.
static_assert(kCertain > kAnotherTaken && kAnotherTaken > kLostNearby);
static_assert(kCertain > kHiddenFin + kLostNearby);
// Without a reaction a loss is likelier than an arrival, though only just: one oddity turns it.
static_assert(0 < kNoReaction && kNoReaction < kLost);
static_assert(kDropped < kLost, "two causes are likelier than one of them");
static_assert(kDeadPathMiss < kDeadPathArrival && kDeadPathArrival < kLost);
static_assert(kDeadPathMiss < kLostAgain && 2 * kLostAgain == kLost);
static_assert(0 < kEndWithoutFin && kEndWithoutFin <= kPlausible, "with or without, both are told");
static_assert(kLate <= kTimeWaitKeepsOn && kTimeWaitKeepsOn <= kPlausible, "told beside CLOSED");
static_assert(kHiddenFinFirst < kLost, "it breaks ties, and turns no evidence");
static_assert(kRstFormUnusual > kEarly, "a RST behind the FIN shows that the ACK had come, even early");
static_assert(0 < kRefusedTaken && kRefusedTaken < kLost);

// The capture missed nothing as long as anything else explains what was sent.
static_assert(kHiddenFin > kLost && 0 < kGapWithoutFin && kGapWithoutFin < kLost);
static_assert(kUnseen > kHiddenFin && kUnseen > 2 * kLost);
static_assert(kUnseenOneSided < kLost);
static_assert(kEarly < kLateByFar && kLateByFar < kLost);
static_assert(kUnseenReset > kUnseenOneSided && kUnseenReset < kLost);
static_assert(kUnseenFinOneSided > kUnseenOneSided && kUnseenFinOneSided < kUnseenReset);
static_assert(kLastOctetIsData > kUnseenFinOneSided);
static_assert(kLastOctetIsData < kLost && kHiddenFinEarlier < kHiddenFin);
static_assert(kJump > kUnseen && kJump > kCertain);

// What a RST shows of its sender.
static_assert(kSynSentRefuses < kSynSentAborts && kSynReceivedAborts < kSynReceivedRefuses);
static_assert(kClosingAborts < kTimeWaitAborts);
static_assert(kRstFormUnusual < kLost && kRstRefusesOwnAttempt > kRstFormUnusual);
static_assert(kRstRefusesProbe > kSilentOpen && kRstRefusesProbe < kUnseen);
static_assert(kRstAfterSilence > kSilentOpen && kRstAfterSilence < kUnseen);
static_assert(kClosesInSynReceived > kUnseenOneSided && kClosesInSynReceived < kLost);
static_assert(kRstAcknowledgesMore > kLost && kRstAcknowledgesMore < kUnseen);
// SYN-SENT gives up in silence sooner than it refuses what it asked for.
static_assert(kSilentSynSent < kRstRefusesOwnAttempt);

// The more of a connection there is, the less it ends in silence.
static_assert(kSilentSynSent < kSilentTimeWait && kSilentTimeWait < kSilentSynReceived);
static_assert(kSilentSynReceived < kSilentClosing && kSilentClosing < kSilentOpen);
static_assert(kSilentTimeWait < kLost && kSilentSynReceived > kLost);

// In the middle of a connection: open, half closed, closing, not open.
static_assert(0 < kFoundHalfClosed && kFoundHalfClosed < kFoundFinOutstanding);
static_assert(kFoundFinOutstanding < kFoundBothClosed && kFoundBothClosed < kFoundNotOpen);
static_assert(kFoundNotOpen < kFoundListening);
// All that is told of an end in the middle is open or closing.
static_assert(kFoundBothClosed <= kPlausible && kFoundNotOpen > kPlausible);

// What time tells.
static_assert(kGaveUpUnseen > kPlausible && kGaveUpDataUnseen > kGaveUpUnseen);
static_assert(kFinNotOutstanding > kPlausible && kFinNotOutstanding < kGaveUpUnseen);
static_assert(kStillThereFewResends < kStillThereByProfile);
static_assert(kStillThereByProfile <= kPlausible && kPlausible < kStillThereManyResends);
static_assert(kStillProbing <= kPlausible);
static_assert(kTimeWaitJustOver <= kPlausible && kPlausible < kTimeWaitOverdue);
static_assert(kTimeWaitNotRestarted <= kPlausible && kTimeWaitNotRestarted < kLost);
static_assert(kFinWait2Over <= kPlausible && kFinWait2Over > 0, "to wait on is the likelier");

// A missing reaction speaks after a delayed ACK would have come, and before the least RTO of Linux.
static_assert(kPatienceForSyn < kPatienceForFin && kPatienceForFin > 40 * kMillisecond);
static_assert(kPatienceForFin < 200 * kMillisecond && kPatienceForDeadPath > 200 * kMillisecond);
static_assert(kFirstStep < kLongestStep);

}  // namespace tcpautopsy::weights

TEST_CASE("a proof stands whatever needs an unheard-of sending, and only that") {
  using namespace tcpautopsy;
  for (const SendRow& row : send_rows()) {
    INFO(row.cause);
    const bool unheard_of = row.cost >= weights::kUnheardOf;
    CHECK(unheard_of ==
          (row.from == TcpState::SynReceived && row.what == Sends::Ack && row.given == Given::Always));
  }
}

TEST_CASE("no row costs more than to start anew") {
  using namespace tcpautopsy;
  for (const SendRow& row : send_rows()) CHECK(row.cost < weights::kJump);
  for (const SilentRow& row : silent_rows()) CHECK(row.early_cost < weights::kJump);
  for (const StartRow& row : start_rows()) CHECK(row.cost < weights::kJump);
  for (const UnseenRow& row : unseen_rows()) CHECK(row.cost < weights::kJump);
  for (const HiddenRow& row : hidden_rows()) CHECK(std::max(row.cost, row.stay_cost) < weights::kJump);
}

TEST_CASE("what is due costs nothing, and before it is due something") {
  using namespace tcpautopsy;
  for (const SilentRow& row : silent_rows()) {
    CHECK(row.due_cost == 0);
    CHECK(row.early_cost > 0);
  }
}

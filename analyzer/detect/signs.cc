#include "analyzer/detect/signs.h"

#include <algorithm>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

Needs when(bool shown, Needs sign) { return shown ? sign : Needs::Nothing; }

Needs ends_of(const DetectContext& context) {
  const FlowFacts& flow = context.flow;
  if (flow.self_connection) return Needs::OneEnd;
  return Needs::TwoEnds | when(!flow.one_sided(), Needs::BothDirections);
}

bool odd_close(const ClosingVerdicts& closing, Side side) {
  const EndClosing& end = closing.of(side);
  return end.fin.has_value() != closing.of(other(side)).fin.has_value() || !end.resets.empty() ||
         end.left_open || end.sent_after_peers_fin || !end.challenges.empty() ||
         !end.old_duplicates.empty() || end.assassination || end.forgotten;
}

bool odd_fins(const ClosingVerdicts& closing, Side side) {
  const FinVerdict *const own = closing.fin(side), *const peers = closing.fin(other(side));
  if (own == nullptr) return false;
  const bool crossed = peers != nullptr && !own->knew_of_peers && !peers->knew_of_peers;
  return crossed || !own->resends.empty() || !own->lost_acks.empty();
}

bool odd_mss(const SynOffers& offers, Side side) {
  const MssOffer& own = offers.mss[index(side)];
  return (own.offer && own.mss < std::max(kDefaultMssV4, kDefaultMssV6)) || !own.oversized.empty();
}

Needs verdict_signs(const Verdicts& verdicts, Side side) {
  const OddSegments& odd = verdicts.odd_segments;
  const Silence& silence = verdicts.silences[index(side)];
  return when(!odd.flagged[index(side)].segments.empty() || !odd.stray_syn_acks.met.empty(),
              Needs::OddSegments) |
         when(odd_mss(verdicts.syn_offers, side), Needs::OddMss) |
         when(!verdicts.closing.resets(side).empty(), Needs::Resets) |
         when(odd_fins(verdicts.closing, side), Needs::OddFins) |
         when(odd_close(verdicts.closing, side), Needs::OddClose) |
         when(silence.probes || silence.data || silence.window, Needs::Silence) |
         when(verdicts.answers.unanswered[index(side)].has_value(), Needs::LateAnswers) |
         when(!verdicts.copies[index(side)].empty(), Needs::Disorder);
}

bool odd_marks(const MarkResults& marks) {
  const EcnFacts& ecn = marks.ecn;
  return ecn.marked || ecn.echoes || ecn.reductions || marks.checksums.bad > 0 || marks.strange.rewritten() ||
         marks.urgent || marks.paws.refused;
}

Needs transfer_signs(const TransferResults& transfer, Side side) {
  const RetransmissionResults& resends = transfer.retransmissions[index(side)];
  const WindowResults& windows = transfer.windows[index(side)];
  const SmallSendResults& small = transfer.small_sends[index(side)];
  const ProbeResults& probes = transfer.probes[index(side)];
  return when(resends.timeouts || resends.fast || resends.probes || resends.spurious, Needs::Resends) |
         when(resends.out_of_order || resends.duplicates || resends.conflicts || resends.unseen,
              Needs::Disorder) |
         when(windows.zero_window_stalls || windows.silly_steps || windows.unscaled_stops ||
                  windows.limited || windows.beyond_window,
              Needs::Windows) |
         when(small.small_waits.incidents || small.other_waits.incidents ||
                  small.round_trip_waits.incidents || small.corked || small.tiny_bursts,
              Needs::SmallSends) |
         when(probes.keepalives || probes.silence.silence_ns != 0 || probes.stuck.size != 0, Needs::Silence) |
         when(odd_marks(transfer.marks[index(side)]), Needs::Marks);
}

}  // namespace

Needs signs_of(const DetectContext& context) {
  const FlowFacts& flow = context.flow;
  const Verdicts& verdicts = context.verdicts;
  Needs signs = ends_of(context) |
                when(!verdicts.opening.plain || verdicts.closing.reuse, Needs::OddOpening) |
                when(!verdicts.opening.ignored_resets.empty(), Needs::Resets) |
                when(!verdicts.opening.late_completion.empty(), Needs::Resends) |
                when(flow.successor.has_value(), Needs::OddClose) |
                when(verdicts.answers.late.has_value(), Needs::LateAnswers);
  for (const Side side : {Side::A, Side::B}) {
    signs =
        signs | when(flow.facts(side).address.port == 0, Needs::OddSegments) | verdict_signs(verdicts, side);
    if (context.transfer != nullptr) signs = signs | transfer_signs(*context.transfer, side);
  }
  if (context.transfer == nullptr) return signs;
  return signs | Needs::Transfer | when(static_cast<bool>(context.transfer->ack_loops), Needs::Marks);
}

}  // namespace tcpautopsy

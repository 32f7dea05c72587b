#include "analyzer/infer/reset_causes.h"

#include <algorithm>
#include <cstdlib>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/resets.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Data that a receiver left unacknowledged for so long did not reach it.
constexpr TimeNs kNotComing = 3 * kSecond;

bool same_frame(const FrameRef& a, const FrameRef& b) { return a.number == b.number && a.file == b.file; }

// An end that had closed lost nothing: it is gone as it should be.
bool refuses_probe(const FlowHistory& h, const ResetVerdict& reset) {
  if (!h.transfer || reset.after_close) return false;
  const ProbeResults& probes = h.transfer->probes[index(other(reset.side))];
  return probes.reset_by_peer && same_frame(probes.reset, reset.segment.frame);
}

bool forgot_while_idle(const FlowHistory& h, const ResetVerdict& reset) {
  const auto& met = h.silences[index(other(reset.side))].forgotten;
  return met && met->reset && same_frame(*met->reset, reset.segment.frame);
}

bool gave_up_on_window(const FlowHistory& h, const ResetVerdict& reset) {
  if (!h.silences[index(other(reset.side))].window) return false;
  const auto& given_up_by = h.transfer->windows[index(other(reset.side))].given_up_by;
  return given_up_by && same_frame(*given_up_by, reset.segment.frame);
}

bool waited_in_vain(const FlowHistory& h, const ResetVerdict& reset) {
  const auto& request = h.answers.unanswered[index(reset.side)];
  return request && request->until == WaitedUntil::Reset && request->ended_by.record == reset.segment.record;
}

bool forgot(const FlowHistory& h, const ResetVerdict& reset) {
  const auto& forgotten = h.closing.of(reset.side).forgotten;
  return forgotten && forgotten->answer.record == reset.segment.record;
}

// Its IP header is not this end's, or it came from nearer; a TTL that differs by that of two usual initial
// values may be its own.
bool surely_misfit(const ResetVerdict& reset) {
  const HeaderMisfit& misfit = reset.misfit;
  return misfit.ip_id || (misfit.too_soon && !misfit.by_handshake) || (misfit.ttl && !misfit.ttl_by_initial);
}

bool may_leave_unread(const ResetVerdict& reset) {
  const bool timed_out = reset.unanswered == Unanswered::Probes || reset.unanswered == Unanswered::Repeats;
  return reset.acknowledges && !timed_out && reset.maybe_unread > 0;
}

ResetCause cause_of(const FlowHistory& h, const ResetVerdict& reset) {
  if (reset.became == Became::Forged || reset.became == Became::NotTaken) return ResetCause::None;
  if (refuses_probe(h, reset)) return ResetCause::ProbeRefused;
  if (forgot_while_idle(h, reset)) return ResetCause::ForgottenWhileIdle;
  if (reset.connection_lost && forgot(h, reset)) return ResetCause::Forgotten;
  if (!reset.aborts()) return ResetCause::None;
  const Silence& silence = h.silences[index(reset.side)];
  if (silence.probes && silence.probes->by_reset) return ResetCause::ProbesUnanswered;
  if (silence.data && reset.unanswered == Unanswered::Repeats) return ResetCause::DataUnanswered;
  if (gave_up_on_window(h, reset)) return ResetCause::WindowClosed;
  if (waited_in_vain(h, reset)) return ResetCause::RequestUnanswered;
  if (surely_misfit(reset)) return ResetCause::Misfit;
  if (forgot(h, reset)) return ResetCause::Forgotten;
  if (may_leave_unread(reset)) return ResetCause::UnreadData;
  return reset.misfit.any() ? ResetCause::Misfit : ResetCause::Abort;
}

ResetKind kind_of(const FlowHistory& h, const ResetVerdict& reset) {
  const bool long_idle = reset.idle_ns >= kForgottenAfter;
  // A bare one answers a segment, captured or not (RFC 9293 3.5.2).
  const bool answers = reset.answers || (!reset.acknowledges && h.trace.one_sided());
  if (answers && long_idle) return ResetKind::NoSocketAfterIdle;
  if (answers) return reset.of_handshake ? ResetKind::NoSocketAfterHandshake : ResetKind::NoSocket;
  if (reset.unanswered == Unanswered::Probes) return ResetKind::ProbesUnanswered;
  if (reset.unanswered == Unanswered::Repeats) return ResetKind::RepeatsUnanswered;
  if (reset.unacknowledged_peer.value_or(0) > 0 && reset.idle_ns >= kNotComing) return ResetKind::DataMissing;
  if (long_idle) return ResetKind::Idle;
  return reset.all_acked ? ResetKind::AllAcknowledged : ResetKind::Abort;
}

bool may_be_its_own(ResetCause cause) {
  return cause == ResetCause::Abort || cause == ResetCause::UnreadData;
}

// No end answers a RST by one: of two in the names of both ends in one moment, the one that another sent
// tells of the other too.
bool beside_misfit(const FlowHistory& h, const ResetVerdict& reset) {
  constexpr TimeNs kMoment = 20 * kMillisecond;
  const auto& others = h.closing.resets(other(reset.side));
  return std::any_of(others.begin(), others.end(), [&](const ResetVerdict& beside) {
    const TimeNs apart = beside.segment.time_ns() - reset.segment.time_ns();
    return beside.cause == ResetCause::Misfit && surely_misfit(beside) && std::abs(apart) < kMoment;
  });
}

}  // namespace

void conclude_reset_causes(FlowHistory& history) {
  for (EndClosing& end : history.closing.ends)
    for (ResetVerdict& reset : end.resets) {
      reset.cause = cause_of(history, reset);
      reset.kind = kind_of(history, reset);
    }
  for (EndClosing& end : history.closing.ends)
    for (ResetVerdict& reset : end.resets)
      if (may_be_its_own(reset.cause) && beside_misfit(history, reset)) reset.cause = ResetCause::Misfit;
}

}  // namespace tcpautopsy

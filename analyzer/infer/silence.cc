#include "analyzer/infer/silence.h"

#include <algorithm>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/weights.h"
#include "analyzer/seq/saturating.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

using weights::kLongestStep;

// A keep-alive's own RST comes a probe's interval after the last one, and that is a second at least.
constexpr TimeNs kProbeInterval = 500 * kMillisecond;
// A window that has been closed for less when the capture ends is no more than zero_window.
constexpr TimeNs kStuck = kSecond;
// Who resets after less has its own reasons.
constexpr TimeNs kPatience = 3 * kSecond;
constexpr std::uint64_t kResendsNeeded = 3;

// Whether another step was due by now; timers run late by some percent.
bool overdue(TimeNs since_last, TimeNs step) {
  return since_last > add_sat(step, step / 8 + 100 * kMillisecond);
}

std::optional<ProbesUnanswered> probes_unanswered(const FlowHistory& flow, Side prober) {
  const ProbeResults& facts = flow.transfer->probes[index(prober)];
  const std::uint64_t count = facts.unanswered.count();
  if (count == 0 || facts.reset_by_peer) return std::nullopt;
  const TimeNs first_ns = facts.unanswered.first().time_ns;
  const TimeNs last_ns = facts.unanswered.last().time_ns;
  if (facts.reset_itself && facts.reset.time_ns - last_ns >= kProbeInterval)
    return ProbesUnanswered{true, facts.reset.time_ns - first_ns};
  if (facts.reset_itself || count < 2 || facts.unheard.retransmissions) return std::nullopt;
  const auto interval = (last_ns - first_ns) / static_cast<TimeNs>(count - 1);
  if (!overdue(flow.watched_until_ns - last_ns, interval)) return std::nullopt;
  return ProbesUnanswered{false, flow.watched_until_ns - first_ns};
}

std::optional<WindowStuck> given_up(const WindowResults& facts) {
  WindowStuck stuck;
  stuck.by_reset = true;
  stuck.closed_ns = facts.given_up_by->time_ns - facts.closed_by.time_ns;
  stuck.answers_probes = facts.probes_unanswered == 0;
  stuck.unanswered = facts.probes_unanswered > 1;
  if (stuck.closed_ns < kPatience) return std::nullopt;
  return stuck;
}

std::optional<WindowStuck> window_stuck(const FlowHistory& flow, Side advertiser) {
  const WindowResults& facts = flow.transfer->windows[index(advertiser)];
  // One that its receiver ignored gave nothing up.
  if (was_reset(flow)) return facts.given_up_by ? given_up(facts) : std::nullopt;
  if (!facts.closed_at_end || !facts.zero_window_stalls) return std::nullopt;
  WindowStuck stuck;
  stuck.closed_ns = flow.watched_until_ns - facts.closed_by.time_ns;
  const std::uint64_t n = facts.probes_unanswered;
  const TimeNs since = flow.watched_until_ns - facts.last_unanswered.time_ns;
  stuck.unanswered = n > 2 || (n == 2 && overdue(since, facts.last_step_ns));
  stuck.answers_probes = facts.stalls_probed > 0 && n == 0;
  // An end whose probes are answered goes on probing: where no probe came though one was due, the capture was
  // not running, or not there.
  const TimeNs quiet = flow.watched_until_ns - flow.trace.last.time_ns;
  if (stuck.answers_probes && overdue(quiet, kLongestStep)) return std::nullopt;
  if (stuck.closed_ns < kStuck && !stuck.unanswered) return std::nullopt;
  return stuck;
}

std::optional<RefusingError> refused_since(const FlowTrace& trace, Side sender, TimeNs since_ns) {
  for (const IcmpRecord& icmp : trace.icmp)
    if (icmp.quoted == sender && icmp.frame.time_ns >= since_ns)
      if (const auto refused = refusal(icmp)) return refused;
  return std::nullopt;
}

std::optional<DataUnanswered> data_unanswered(const FlowHistory& flow, Side sender) {
  const UnheardFacts& facts = flow.transfer->probes[index(sender)].unheard;
  if (facts.retransmissions.count() < kResendsNeeded || !facts.backed_off) return std::nullopt;
  DataUnanswered met;
  const TimeNs last_ns = facts.retransmissions.last().time_ns;
  met.waited_ns = last_ns - facts.first_sent_ns;
  met.refused = refused_since(flow.trace, sender, facts.first_sent_ns);
  met.silence_ns = std::max<TimeNs>(flow.watched_until_ns - last_ns, 0);
  met.gave_up = overdue(met.silence_ns, std::min(mul_sat(facts.last_step_ns, 2), kLongestStep));
  met.by_profile = met.gave_up && facts.retransmissions.count() >= flow.profile.data_retries;
  return met;
}

// Nothing shows that the handshake was ever complete for this end.
bool never_heard(const FlowHistory& flow, Side peer) {
  if (peer != flow.trace.server() || flow.opening.syn_acks.empty()) return false;
  // Of a plain opening nothing is kept behind the handshake: what else the server sent is told by its
  // packets.
  return flow.opening.plain ? flow.trace.facts(peer).packets == 1 : !flow.opening.server_knows;
}

std::optional<ForgottenWhileIdle> forgotten_while_idle(const FlowHistory& flow, Side sender) {
  const SilenceFacts& facts = flow.transfer->probes[index(sender)].silence;
  if (facts.silence_ns == 0) return std::nullopt;
  // A peer that had closed forgot nothing.
  const FinVerdict* const closed = flow.closing.fin(other(sender));
  if (closed != nullptr && closed->first.time_ns() <= facts.data.time_ns) return std::nullopt;
  const bool silent = !facts.survived && facts.retransmissions.count() >= kResendsNeeded;
  if (!facts.reset && !silent) return std::nullopt;
  ForgottenWhileIdle met{facts.silence_ns, facts.before, facts.data, std::nullopt, facts.retransmissions};
  if (facts.reset) met.reset = facts.answer;
  met.peer_never_heard = never_heard(flow, other(sender));
  return met;
}

}  // namespace

bool was_reset(const FlowHistory& flow) { return flow.close == Close::ARst || flow.close == Close::BRst; }

void find_silences(FlowHistory& history) {
  if (!history.transfer || history.trace.one_sided()) return;
  for (const Side side : {Side::A, Side::B})
    history.silences[index(side)] = {probes_unanswered(history, side), data_unanswered(history, side),
                                     window_stuck(history, side), forgotten_while_idle(history, side)};
}

}  // namespace tcpautopsy

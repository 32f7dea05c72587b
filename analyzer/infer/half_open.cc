#include "analyzer/infer/half_open.h"

#include <algorithm>

#include "analyzer/infer/weights.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

using weights::kFirstTimeout;

// How long the server kept an attempt that nobody completed: to its last SYN-ACK, and then for twice the step
// before it. Timers run late and never early, so steps are taken for the seconds they were meant to be.
TimeNs kept_for(const Sendings& syn_acks) {
  TimeNs longest = 0, step = kFirstTimeout;
  for (const TimeNs between : syn_acks.steps()) longest = std::max(longest, between);
  while (mul_sat(step, 2) <= longest) step *= 2;
  return add_sat(syn_acks.span_ns(), mul_sat(step, 2));
}

// Sent but once, though due again: a cookie, or a server that does not repeat. What a server without cookies
// would do by the profile stands for it.
TimeNs wait_of(const Verdicts& verdicts) {
  const Sendings& syn_acks = verdicts.opening.syn_acks;
  return syn_acks.count() > 1 ? kept_for(syn_acks)
                              : kFirstTimeout * ((TimeNs{2} << verdicts.profile.syn_ack_retries) - 1);
}

}  // namespace

HalfOpenStay half_open_stay(const Verdicts& verdicts, Side server) {
  const auto& all = verdicts.transitions;
  const auto entered = std::find_if(all.begin(), all.end(), [&](const Transition& t) {
    return t.side == server && t.to == TcpState::SynReceived;
  });
  if (entered == all.end()) return {};
  const auto left = std::find_if(entered, all.end(), [&](const Transition& t) {
    return t.side == server && t.from == TcpState::SynReceived;
  });
  HalfOpenStay stay{entered->at_ns, std::nullopt};
  const bool dropped = verdicts.opening.thrown_away != ThrownAway::No;
  const bool waited =
      verdicts.handshake == Handshake::HalfOpen || verdicts.handshake == Handshake::SynAckOnly;
  const bool reset = left != all.end() && left->basis != Basis::Timer;
  if (!dropped && (!waited || reset)) {
    if (left != all.end()) stay.until = left->at_ns;
    return stay;
  }
  const TimeNs until = add_sat(entered->at_ns, wait_of(verdicts));
  if (until < verdicts.capture_end_ns) stay.until = until;
  return stay;
}

}  // namespace tcpautopsy

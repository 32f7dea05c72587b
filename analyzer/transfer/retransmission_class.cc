#include "analyzer/transfer/retransmission_class.h"

#include <algorithm>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

constexpr TimeNs kLeastTimeout = 200 * kMillisecond;  // Linux; RFC 6298 2.4 would have 1 s
constexpr TimeNs kTick = 20 * kMillisecond;           // timers of 4 to 10 ms, and the time to act on one

// An ACK makes its receiver send within the round trip to it; RACK may wait a part of a round trip more (RFC
// 8985 6.2). Beyond, a timer did.
bool by_timer(const RetransmissionContext& c) {
  const TimeNs quiet = add_sat(add_sat(c.leg_ns, c.round_trip_ns), kTick);
  return (c.news_age_ns < 0 || c.news_age_ns > quiet) && c.waited_ns > quiet;
}

bool timeout_fits(const RetransmissionContext& c) {
  return c.waited_ns >= add_sat(c.round_trip_ns, kLeastTimeout - kLeastTimeout / 10);
}

// It had reached the sender when this was sent. A handshake measures more than the path: hosts answer sooner
// when they are busy with the connection.
bool evident(const RetransmissionContext& c) {
  const TimeNs slack = std::max<TimeNs>(c.leg_ns / 5, kMillisecond);
  return c.evidence_age_ns >= 0 && c.evidence_age_ns >= c.leg_ns - slack;
}

}  // namespace

std::string_view name(RetransmissionCause cause) {
  switch (cause) {
    case RetransmissionCause::Timeout: return "timeout";
    case RetransmissionCause::Fast: return "fast";
    case RetransmissionCause::Probe: return "tail loss probe";
    case RetransmissionCause::LastSegment: return "last segment";
    case RetransmissionCause::Prompt: return "prompt";
  }
  return "";
}

bool probe_fits(const RetransmissionContext& c) {
  if (c.round_trip_ns == 0 || !c.highest || c.partly_sacked || c.sack_unused || c.probes > 0 ||
      c.timeouts > 0 || c.fast_recovery || c.timeout_recovery)
    return false;
  const TimeNs latest = add_sat(mul_sat(c.round_trip_ns, 2), c.first_unacknowledged ? kLeastTimeout : 0);
  const TimeNs quiet = c.news_age_ns < 0 ? c.waited_ns : std::min(c.waited_ns, c.news_age_ns);
  // An ACK that moves on starts the timer anew (RFC 8985 7.2). That of one segment under way goes no further
  // than the retransmission timer, which counts from when it was sent.
  const TimeNs timed = c.first_unacknowledged ? c.waited_ns : quiet;
  return timed <= add_sat(latest, latest / 10 + 2 * kTick) &&
         mul_sat(quiet, 2) >= mul_sat(c.round_trip_ns, 3);
}

bool doubles(TimeNs before, TimeNs step) { return mul_sat(step, 10) >= mul_sat(before, 16); }

RetransmissionCause cause_of(const RetransmissionContext& c) {
  if (c.asked_to_resend || c.held_up || (c.receiver_unheard && c.timeouts == 0))
    return RetransmissionCause::Prompt;
  const bool timer = by_timer(c);
  // What repairs a hole leaves out what SACK reported; only after its timer a sender takes the reports for
  // nothing and joins what they told apart (RFC 2018 8).
  if (c.partly_sacked && timer) return RetransmissionCause::Timeout;
  if (evident(c) && !timer && !c.timeout_recovery) return RetransmissionCause::Fast;
  if (!evident(c) && probe_fits(c))
    return c.first_unacknowledged ? RetransmissionCause::LastSegment : RetransmissionCause::Probe;
  if (c.timeout_recovery) return RetransmissionCause::Timeout;
  if (c.first_unacknowledged && timeout_fits(c) && timer) return RetransmissionCause::Timeout;
  if (evident(c) || c.fast_recovery || (c.after_repair && !timer)) return RetransmissionCause::Fast;
  if (c.first_unacknowledged && timeout_fits(c)) return RetransmissionCause::Timeout;
  return RetransmissionCause::Prompt;
}

}  // namespace tcpautopsy

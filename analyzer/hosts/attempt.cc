#include "analyzer/hosts/attempt.h"

#include "analyzer/infer/weights.h"

namespace tcpautopsy {
namespace {

// When a resend has to have come: half as long again for timers that run late.
constexpr TimeNs kDue = weights::kFirstTimeout + weights::kFirstTimeout / 2;
// Linux counts its ISN clock in steps of 64 ns, so a lower number means nothing after half of 2^32 of them.
constexpr TimeNs kIsnClockTells = 60 * kSecond;

Outcome outcome_of(const Verdicts& verdicts) {
  if (verdicts.opening.thrown_away != ThrownAway::No) return Outcome::Dropped;
  switch (verdicts.handshake) {
    case Handshake::Complete:
    case Handshake::Simultaneous:
    case Handshake::FastOpen: return Outcome::Completed;
    case Handshake::Aborted:
      return verdicts.opening.syn_acks.empty() ? Outcome::Unanswered : Outcome::Aborted;
    case Handshake::HalfOpen:
    case Handshake::SynAckOnly: return Outcome::HalfOpen;
    case Handshake::Refused: return Outcome::Refused;
    case Handshake::Filtered: return Outcome::Filtered;
    default: return Outcome::Unanswered;
  }
}

SynLook look_of(const HeaderLook& syn, const TcpOptions& options) {
  SynLook look;
  look.ttl = syn.ttl;
  look.window = syn.window;
  look.mss = options.has_mss ? options.mss : std::uint16_t{0};
  look.window_scale = options.window_scale;
  look.options =
      static_cast<std::uint8_t>((options.has_mss ? 1U : 0U) | (options.has_window_scale ? 2U : 0U) |
                                (options.sack_permitted ? 4U : 0U) | (options.has_timestamps ? 8U : 0U) |
                                (options.fast_open ? 16U : 0U));
  return look;
}

CookieLook cookie_look(const TcpOptions& offered, const TcpOptions& answer) {
  if (offered.cut || answer.cut) return CookieLook::Untellable;
  const bool promises = answer.has_window_scale || answer.sack_permitted;
  if (!offered.has_timestamps) {
    if (!offered.has_window_scale && !offered.sack_permitted) return CookieLook::Untellable;
    return promises || answer.has_timestamps ? CookieLook::Unlike : CookieLook::Alike;
  }
  if (!answer.has_timestamps) return CookieLook::Untellable;  // the server has them turned off
  constexpr std::uint32_t kScale = 0xf, kSack = 0x10;         // the bit above them is for ECN
  const std::uint32_t expected =
      (offered.has_window_scale && answer.has_window_scale ? offered.window_scale & kScale : kScale) |
      (offered.sack_permitted && answer.sack_permitted ? kSack : 0U);
  return (answer.ts_val & (kScale | kSack)) == expected ? CookieLook::AlikeBits : CookieLook::Unlike;
}

bool reused_with_lower_isn(const std::shared_ptr<const PreviousIncarnation>& previous,
                           const Attempt& attempt) {
  if (!previous || attempt.timestamps || attempt.syn.time_ns - previous->last_ns > kIsnClockTells)
    return false;
  for (const std::size_t side : {0U, 1U}) {
    if (previous->address[side] != attempt.client || previous->last_ts_val[side] != 0) continue;
    const auto ahead = static_cast<std::int32_t>(attempt.client_isn - previous->next_seq[side].raw());
    return ahead < 0;
  }
  return false;
}

}  // namespace

std::optional<Attempt> attempt_of(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  const Verdicts& verdicts = ended.verdicts;
  const Opening& opening = verdicts.opening;
  if (flow.self_connection || opening.syns.empty()) return std::nullopt;
  const SideFacts &client = flow.facts(flow.client), &server = flow.facts(flow.server());
  const bool answered = !opening.syn_acks.empty();
  Attempt a;
  a.client = client.address;
  a.server = server.address;
  a.flow = flow.number;
  a.syn = opening.syns.first.frame;
  a.last_ns = flow.last.time_ns;
  a.client_isn = client.iss.raw();
  a.ip_id = opening.syn.ip_id;
  a.look = look_of(opening.syn, client.syn_options);
  a.outcome = outcome_of(verdicts);
  a.syns = static_cast<std::uint32_t>(opening.syns.count());
  a.given_up = opening.given_up.has_value();
  a.rst_ignored = !opening.ignored_resets.empty();
  a.syn_resent = a.syns > 1;
  const bool again_ahead = a.syn_resent && opening.syns.again.front().record < opening.syn_acks.first.record;
  a.syn_ignored = a.outcome == Outcome::Unanswered || (answered && again_ahead);
  a.syn_due = !a.syn_resent && verdicts.watched_until_ns - a.syn.time_ns >= kDue;
  a.timestamps = client.syn_options.has_timestamps || client.syn_options.cut;
  a.completed_ns = opening.completing ? opening.completing.time_ns() : 0;
  if (answered) {
    a.server_isn = server.iss.raw();
    a.cookie = cookie_look(client.syn_options, server.syn_options);
    a.ack_repeated = opening.syn_acks.count() > 1;
    a.ack_due = a.outcome == Outcome::HalfOpen && !a.ack_repeated &&
                verdicts.watched_until_ns - opening.syn_acks.last().time_ns() >= kDue;
    a.half_open = half_open_stay(verdicts, ended.flow.server());
  }
  a.lower_isn = reused_with_lower_isn(verdicts.previous, a);
  return a;
}

std::optional<Attempt> probe_of(const EndedConnection& ended) {
  const auto& probe = ended.verdicts.odd_segments.probe;
  if (!probe) return std::nullopt;
  Attempt a;
  a.outcome = probe->refused ? Outcome::Refused : Outcome::Unanswered;
  a.client = ended.flow.facts(probe->sender).address;
  a.server = ended.flow.facts(other(probe->sender)).address;
  a.flow = ended.flow.number;
  a.syn = probe->segment.frame;
  a.last_ns = ended.flow.last.time_ns;
  a.ip_id = probe->look.ip_id;
  a.look = look_of(probe->look, {});
  a.odd = true;
  if (probe->bare_ack) a.bare_ack = {probe->bare_ack->seq, probe->bare_ack->ack, a.client.port};
  return a;
}

}  // namespace tcpautopsy

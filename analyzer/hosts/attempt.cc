#include "analyzer/hosts/attempt.h"

#include <algorithm>

#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {
namespace {

// RFC 6298 (2.1): what has no measured round trip is sent again after a second; half of one more for timers
// that run late.
constexpr TimeNs kFirstStep = kSecond;
constexpr TimeNs kDue = kFirstStep + kFirstStep / 2;
// Linux counts its ISN clock in steps of 64 ns, so a lower number means nothing after half of 2^32 of them.
constexpr TimeNs kIsnClockTells = 60 * kSecond;

bool is_syn(const SegmentRecord& r) { return (r.flags & (kSyn | kAck | kRst | kFin)) == kSyn; }
bool is_syn_ack(const SegmentRecord& r) { return (r.flags & (kSyn | kAck | kRst | kFin)) == (kSyn | kAck); }

struct Opening {
  const SegmentRecord *syn = nullptr, *first_ack = nullptr, *last_ack = nullptr;  // the ACKs are SYN-ACKs
  unsigned syns = 0, syns_ahead = 0, syn_acks = 0;                                // ahead of any SYN-ACK
  TimeNs longest_ack_step = 0;
  const SegmentRecord* completing = nullptr;
  bool client_rst = false;
};

Opening opening_of(const FlowHistory& flow) {
  Opening found;
  for (const SegmentRecord& r : flow.records()) {
    if (r.copy) continue;
    if (r.side == flow.client()) {
      if (is_syn(r) && r.seq == 0) {
        if (found.syns++ == 0) found.syn = &r;
        found.syns_ahead += found.syn_acks == 0 ? 1 : 0;
      } else if (r.has(kRst)) {
        found.client_rst = true;
      } else if (found.completing == nullptr && found.first_ack != nullptr && r.has(kAck) && r.ack >= 1) {
        found.completing = &r;
      }
    } else if (is_syn_ack(r)) {
      if (found.syn_acks++ == 0) found.first_ack = &r;
      if (found.last_ack != nullptr)
        found.longest_ack_step =
            std::max(found.longest_ack_step, r.frame.time_ns - found.last_ack->frame.time_ns);
      found.last_ack = &r;
    }
  }
  return found;
}

Outcome outcome_of(const FlowHistory& flow, const Opening& opening, std::span<const FlowMark> marks) {
  const auto dropped = [](const FlowMark& mark) { return mark.id == "accept_dropped"; };
  if (std::any_of(marks.begin(), marks.end(), dropped)) return Outcome::Dropped;
  switch (flow.handshake) {
    case Handshake::Complete:
    case Handshake::Simultaneous:
    case Handshake::FastOpen: return Outcome::Completed;
    case Handshake::Aborted: return opening.first_ack != nullptr ? Outcome::Aborted : Outcome::Unanswered;
    case Handshake::HalfOpen:
    case Handshake::SynAckOnly: return Outcome::HalfOpen;
    case Handshake::Refused: return Outcome::Refused;
    case Handshake::Filtered: return Outcome::Filtered;
    default: return Outcome::Unanswered;
  }
}

// How long the server kept an attempt that nobody completed: to its last SYN-ACK, and then for twice the step
// before it. Timers run late and never early, so steps are taken for the seconds they were meant to be: the
// time may be understated, never over.
TimeNs kept_for(const Opening& opening) {
  TimeNs step = kFirstStep;
  while (2 * step <= opening.longest_ack_step) step *= 2;
  return opening.last_ack->frame.time_ns - opening.first_ack->frame.time_ns + 2 * step;
}

void tell_half_open(const FlowHistory& flow, const Opening& opening, Attempt& attempt) {
  const auto& all = flow.transitions;
  const auto entered = std::find_if(all.begin(), all.end(), [&](const Transition& t) {
    return t.side == flow.server() && t.to == TcpState::SynReceived;
  });
  if (entered == all.end()) return;
  attempt.half_open_from = entered->at_ns;
  const auto left = std::find_if(entered, all.end(), [&](const Transition& t) {
    return t.side == flow.server() && t.from == TcpState::SynReceived;
  });
  const bool timed = attempt.outcome == Outcome::HalfOpen || attempt.outcome == Outcome::Dropped;
  if (!timed && left != all.end()) attempt.half_open_until = left->at_ns;
  if (!timed || opening.last_ack == nullptr) return;
  const bool reset = attempt.outcome == Outcome::HalfOpen && left != all.end() && left->basis != Basis::Timer;
  if (reset) {
    attempt.half_open_until = left->at_ns;
    return;
  }
  TimeNs wait = kept_for(opening);
  // Sent but once, though due again: a cookie, or a server that does not repeat. What a server without
  // cookies would do by the profile stands for it.
  if (!attempt.ack_repeated) wait = kFirstStep * ((TimeNs{2} << flow.profile.syn_ack_retries) - 1);
  const TimeNs until = entered->at_ns + wait;
  if (until < flow.capture_end_ns) attempt.half_open_until = until;
}

SynLook look_of(const SegmentRecord& syn, const TcpOptions& options) {
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

bool reused_with_lower_isn(const FlowHistory& flow, const Attempt& attempt) {
  const auto& previous = flow.previous;
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

std::optional<Attempt> attempt_of(const FlowHistory& flow, std::span<const FlowMark> marks) {
  if (flow.trace.self_connection) return std::nullopt;
  const Opening opening = opening_of(flow);
  if (opening.syn == nullptr) return std::nullopt;
  const SideFacts &client = flow.trace.facts(flow.client()), &server = flow.trace.facts(flow.server());
  Attempt a;
  a.client = client.address;
  a.server = server.address;
  a.flow = flow.trace.number;
  a.syn = opening.syn->frame;
  a.last_ns = flow.trace.last.time_ns;
  a.client_isn = client.iss.raw();
  if (opening.syn->has_ip_id) a.ip_id = opening.syn->ip_id;
  a.look = look_of(*opening.syn, client.syn_options);
  a.outcome = outcome_of(flow, opening, marks);
  a.syn_resent = opening.syns > 1;
  a.syn_ignored =
      a.outcome == Outcome::Unanswered || (opening.first_ack != nullptr && opening.syns_ahead > 1);
  a.syn_due = opening.syns == 1 && flow.capture_end_ns - a.syn.time_ns >= kDue;
  a.timestamps = client.syn_options.has_timestamps;
  if (opening.completing != nullptr) a.completed_ns = opening.completing->frame.time_ns;
  if (opening.first_ack != nullptr) {
    a.server_isn = server.iss.raw();
    a.cookie = cookie_look(client.syn_options, server.syn_options);
    a.ack_repeated = opening.syn_acks > 1;
    a.ack_due = a.outcome == Outcome::HalfOpen && opening.syn_acks == 1 &&
                flow.capture_end_ns - opening.last_ack->frame.time_ns >= kDue;
    tell_half_open(flow, opening, a);
  }
  a.lower_isn = reused_with_lower_isn(flow, a);
  return a;
}

std::optional<Attempt> probe_of(const FlowHistory& flow) {
  if (flow.trace.self_connection || flow.records().empty()) return std::nullopt;
  const SegmentRecord& first = flow.records().front();
  if ((first.flags & (kSyn | kAck | kRst)) != 0 || first.payload > 0) return std::nullopt;
  Attempt a;
  for (const SegmentRecord& r : flow.records()) {
    const bool answer = r.side != first.side;
    if (answer ? !r.has(kRst) : r.flags != first.flags) return std::nullopt;
    if (answer) a.outcome = Outcome::Refused;
  }
  a.client = flow.trace.facts(first.side).address;
  a.server = flow.trace.facts(other(first.side)).address;
  a.flow = flow.trace.number;
  a.syn = first.frame;
  a.last_ns = flow.trace.last.time_ns;
  if (first.has_ip_id) a.ip_id = first.ip_id;
  a.look = look_of(first, {});
  a.odd = true;
  return a;
}

}  // namespace tcpautopsy

#include "analyzer/flow/incarnations.h"

namespace tcpautopsy {
namespace {

// A SYN seen after segments that it precedes: the network or the capture reordered them, within this time and
// octets.
constexpr TimeNs kLateSyn = 3 * kSecond;
constexpr std::uint32_t kLateSynOctets = 1 << 16;
// A router that finds no way on says so within this time: ARP and neighbour discovery give up after 3 s.
constexpr TimeNs kLateError = 3 * kSecond;

}  // namespace

bool own_syn(LiveFlow& flow, const TcpSegment& syn, TimeNs time_ns) {
  const Side s = flow.side_of(syn.source);
  const LiveSide& sender = flow.side(s);
  const LiveSide& receiver = flow.side(other(s));
  if (sender.has_base && !sender.tentative && sender.iss() == syn.seq) return true;
  if (sender.packets == 0) {
    // The other's SYN and nothing since: both open at once.
    return flow.opening() && !flow.closed() && receiver.syn_seen && !sender.has_base;
  }
  if (sender.syn_seen || sender.tentative || !sender.sent.started() || flow.closed()) return false;
  const std::uint32_t before = wrap(sender.sent.low(), sender.base).raw() - syn.seq.raw();
  return before <= kLateSynOctets && time_ns - flow.first_ns() <= kLateSyn;
}

bool may_outlive(LiveFlow& before, const TcpSegment& syn) {
  if (before.opening()) return false;
  if (!before.closed() || before.reset_in_doubt()) return true;
  constexpr std::uint32_t kWindow = 1 << 16;
  return !before.reset() && (!before.over() || before.misfit(syn) < kWindow);
}

bool own_syn_ack(LiveFlow& flow, const TcpSegment& syn_ack) {
  const Side s = flow.side_of(syn_ack.source);
  const LiveSide& sender = flow.side(s);
  const LiveSide& receiver = flow.side(flow.self() ? s : other(s));
  if (receiver.syn_seen) {
    // With Fast Open it may acknowledge data too.
    const std::uint32_t acked = syn_ack.ack.raw() - receiver.iss().raw();
    if (acked >= 1 && acked <= 1 + kLateSynOctets) return true;
  } else if (receiver.has_base && acknowledges(syn_ack, receiver.base)) {
    return true;
  }
  return sender.iss_known && sender.iss() == syn_ack.seq;
}

bool syn_ack_opens(LiveFlow& latest, const TcpSegment& syn_ack) {
  if (latest.closed()) return true;
  const Side s = latest.side_of(syn_ack.source);
  return !latest.side(other(s)).syn_seen && latest.misfit(syn_ack) > kSameStream &&
         (latest.side(s).packets > 0 || !latest.opening());
}

bool answers_opening(LiveFlow& opening, const TcpSegment& segment) {
  if (!opening.opening()) return false;
  const LiveSide& opener = opening.side(other(opening.side_of(segment.source)));
  return opener.syn_seen && acknowledges(segment, opener.iss());
}

bool challenges(LiveFlow& opening, LiveFlow& before, const TcpSegment& segment) {
  if (!is_plain_ack(segment) || !opening.opening()) return false;
  const Side s = opening.side_of(segment.source);
  return opening.side(other(s)).syn_seen && !opening.side(s).has_base &&
         before.misfit(segment) <= kSameStream;
}

bool resets_challenge(LiveFlow& opening, const TcpSegment& segment) {
  return is_rst(segment) && opening.challenged && opening.side(opening.side_of(segment.source)).syn_seen &&
         segment.seq == opening.challenge_ack;
}

bool resets_unseen_challenge(LiveFlow& before, const TcpSegment& segment) {
  if (!is_rst(segment) || (segment.flags & kAck) != 0 || before.self()) return false;
  const Side s = before.side_of(segment.source);
  const LiveSide& sender = before.side(s);
  return sender.has_base && before.only_from(s) && segment.seq == wrap(sender.sent.sent_max(), sender.base);
}

bool may_be_quoted(LiveFlow& flow, Side s, TimeNs time_ns) {
  if (flow.side(s).packets == 0 || flow.told_off()) return false;
  return !flow.over() || time_ns - flow.last_ns() <= kLateError;
}

bool completes_half(LiveFlow& half, const TcpSegment& segment) {
  const Side s = half.side_of(segment.source);
  if (half.self() || !half.only_from(other(s)) || (segment.flags & kAck) == 0) return false;
  const LiveSide& heard = half.side(other(s));
  if (is_syn_ack(segment) || is_rst(segment)) {
    if (heard.syn_seen && acknowledges(segment, heard.iss())) return true;
  }
  if (opens(segment) || !half.side(s).has_base) return false;
  return half.misfit(segment) <= kSameStream;
}

}  // namespace tcpautopsy

#include "analyzer/transfer/small_sends.h"

#include <algorithm>
#include <utility>

#include "analyzer/seq/saturating.h"
#include "analyzer/seq/timestamp.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Linux delays an ACK by 40 ms or more, less a tick; RFC 9293 3.8.6.3 allows 500 ms. Beyond that it is no
// delayed ACK.
constexpr TimeNs kLeastDelay = 35 * kMillisecond;
constexpr TimeNs kMostDelay = 600 * kMillisecond;
// What follows later than the least round trip: scheduling of the hosts, and a capture point that is late.
constexpr TimeNs kSlack = 3 * kMillisecond;
// Linux sends a corked segment by a timer of one RTO (at least 200 ms, RTT included), late by up to a tick
// and the coarseness of its timers.
constexpr TimeNs kCorkLeast = 190 * kMillisecond;
constexpr TimeNs kCorkMost = 240 * kMillisecond;
constexpr TimeNs kCorkThought = 50 * kMillisecond;
constexpr std::uint32_t kTiny = 100;       // octets
constexpr std::uint32_t kTinyBurst = 50;   // segments
constexpr std::uint32_t kUsualMss = 1460;  // of a larger MSS the path mostly takes no more
// Where both ends offer as much, no network lies between them: a host that talks to itself. Linux sends
// segments of half the largest window there.
constexpr std::uint32_t kLoopbackMss = 32768;

// The least that the path takes in one segment.
std::uint32_t surely_taken(const SenderView& own, const SenderView& peer) {
  if (std::min(own.smss, peer.smss) >= kLoopbackMss) return kLoopbackMss;
  return std::min(own.smss != 0 ? own.smss : std::max(own.largest, 536U), kUsualMss);
}

bool is_small(std::uint32_t length, const Views& views) {
  return length * 4 < surely_taken(views.own, views.peer) * 3;
}

}  // namespace

void SmallSends::add(const PlacedSegment& s, const Views& views) {
  acknowledged(s, latest_[index(other(s.side))]);
  if (s.standing.keepalive || s.length == 0) return;
  if (!s.has_data() || s.standing.retransmission || s.standing.fills_gap || s.standing.after_gap ||
      s.has(kSyn) || s.has(kRst)) {
    latest_[index(s.side)].known = false;
    troubled_[index(s.side)] = std::max(s.sent_max, s.end());
    return;
  }
  sent(s, views);
}

void SmallSends::acknowledged(const PlacedSegment& s, Latest& latest) {
  if (!latest.known) return;
  if (s.length > 0 && !s.standing.keepalive) latest.answered = true;
  if (latest.is_acked || !s.has(kAck) || s.has(kRst)) return;
  const TcpOptions& options = s.segment.options;
  // What arrived out of order, or later than the segment did, tells of a loss that the capture did not see.
  if (options.sack_count > 0 ||
      (options.has_timestamps && latest.has_timestamps && ahead(options.ts_ecr, latest.ts_val) > 0)) {
    latest.known = false;
  }
  if (s.ack < latest.end) return;
  latest.is_acked = true;
  latest.acked = s.frame;
  latest.has_timestamps = options.has_timestamps;
  latest.ts_val = options.ts_val;
  // The ACK's sender is the one whose round trip is in it.
  if (s.rtt_sender_ns < 0) return;
  const TimeNs excess = s.time_ns() - latest.sent.time_ns - s.rtt_sender_ns;
  const TimeNs round_trip = s.rtt_sender_ns + std::max<TimeNs>(s.rtt_receiver_ns, 0);
  if (excess >= kLeastDelay && excess <= kMostDelay && mul_sat(excess, 4) >= round_trip)
    latest.excess_ns = excess;
}

// Data of the peer had passed that its sender cannot have heard of when this left: what follows may react to
// them.
bool SmallSends::peers_data_under_way(const PlacedSegment& s, const SenderView& peer) {
  return peer.data_segments > 0 && s.time_ns() - peer.new_ns < std::max<TimeNs>(s.rtt_sender_ns, 0);
}

void SmallSends::sent(const PlacedSegment& s, const Views& views) {
  const SenderView& view = views.own;
  Latest& latest = latest_[index(s.side)];
  const bool small = is_small(s.segment.payload_length, views);
  // A FIN and urgent data do not wait (RFC 9293 3.8.6.2.1).
  if (latest.known && !s.has(kFin) && !s.has(kUrg)) follow(s, small, latest);
  count_tiny(s);
  latest.known = latest.is_acked = false;
  latest.answered = peers_data_under_way(s, views.peer);
  latest.excess_ns = -1;
  if (view.acked && view.snd_una < troubled_[index(s.side)]) return;
  latest.sent = s.frame;
  latest.end = s.end();
  latest.edge = view.edge_known ? view.right_edge : view.least_edge;
  latest.edge_known = view.edge_known;
  latest.length = s.segment.payload_length;
  latest.has_timestamps = s.segment.options.has_timestamps;
  latest.ts_val = s.segment.options.ts_val;
  latest.known = true;
  latest.small = small;
  latest.full = !small && latest.length >= view.full_size();
}

void SmallSends::follow(const PlacedSegment& s, bool small, const Latest& latest) {
  const TcpOptions& options = s.segment.options;
  // It echoes the newest timestamp its sender has received (RFC 7323 4.3).
  const bool before_ack = !latest.is_acked || (options.has_timestamps && latest.has_timestamps &&
                                               ahead(latest.ts_val, options.ts_ecr) > 0);
  if (before_ack) {
    if (small && latest.small) ++facts_[index(s.side)].not_waiting;
  } else if (!latest.answered) {
    if (latest.excess_ns >= 0) {
      follow_late(s, small, latest);
    } else if (small && latest.small) {
      follow_prompt(s, latest);
    }
    follow_corked(s, latest);
  }
}

void SmallSends::follow_late(const PlacedSegment& s, bool small, const Latest& latest) {
  const bool both_small = small && latest.small;
  // Without the window from before the ACK it may have been the window that held back a full segment.
  const bool fitted = s.data_end() <= latest.edge || (!latest.edge_known && both_small);
  if (!fitted) return;
  SmallSendResults& facts = facts_[index(s.side)];
  LateAckStalls& waits = both_small ? facts.small_waits : facts.other_waits;
  const TimeNs round_trip = std::max<TimeNs>(s.rtt_sender_ns, 0);
  const TimeNs after = s.time_ns() - latest.acked.time_ns - round_trip;
  const TimeNs slack = kSlack + round_trip / 4;
  if (after <= slack) {
    waits.incidents.add(latest.sent, latest.excess_ns);
    waits.incidents.show(latest.acked);
    waits.incidents.show(s.frame);
  } else if (after <= mul_sat(slack, 4)) {
    ++waits.followed_later;
  }
}

// The ACK came as soon as the path allows, and the next segment upon it: it waited for the round trip. By
// chance it would come at any time, so the round trip must be long beside what counts as upon it.
void SmallSends::follow_prompt(const PlacedSegment& s, const Latest& latest) {
  if (s.rtt_sender_ns < 0 || s.rtt_receiver_ns < 0) return;
  if (latest.edge_known && s.data_end() > latest.edge) return;
  const TimeNs round_trip = s.rtt_sender_ns + s.rtt_receiver_ns;
  const TimeNs slack = kSlack + s.rtt_sender_ns / 16;
  if (round_trip < mul_sat(slack, 4)) return;
  const TimeNs after = s.time_ns() - latest.acked.time_ns - s.rtt_sender_ns;
  SmallSendResults& facts = facts_[index(s.side)];
  if (after <= slack) {
    facts.round_trip_waits.incidents.add(latest.sent, s.time_ns() - latest.sent.time_ns);
    facts.round_trip_waits.incidents.show(latest.acked);
    facts.round_trip_waits.incidents.show(s.frame);
  } else if (after <= mul_sat(round_trip, 4)) {
    ++facts.round_trip_waits.followed_later;
  }
}

void SmallSends::follow_corked(const PlacedSegment& s, const Latest& latest) {
  const std::uint32_t length = s.segment.payload_length;
  if (!latest.full || length >= latest.length || !latest.edge_known || s.rtt_sender_ns < 0) return;
  // Where the window takes no full segment, the same timer sends what fits.
  if (latest.edge - latest.end < latest.length) return;
  const TimeNs free_since =
      std::max(latest.sent.time_ns, latest.acked.time_ns + std::max<TimeNs>(s.rtt_sender_ns, 0));
  const TimeNs waited = s.time_ns() - free_since;
  const TimeNs round_trip = s.rtt_sender_ns + std::max<TimeNs>(s.rtt_receiver_ns, 0);
  SmallSendResults& facts = facts_[index(s.side)];
  if (waited >= kCorkLeast && waited <= kCorkMost + round_trip) {
    facts.corked.add(latest.sent, waited);
    facts.corked.show(s.frame);
  } else if (waited >= kCorkThought) {
    ++facts.not_corked;
  }
}

void SmallSends::count_tiny(const PlacedSegment& s) {
  TinyBurst& burst = bursts_[index(s.side)];
  const bool tiny = s.segment.payload_length < kTiny && s.rtt_sender_ns >= 0 && s.rtt_receiver_ns >= 0;
  const TimeNs round_trip = s.rtt_sender_ns + s.rtt_receiver_ns;
  // Fifty in a round trip are far closer than an eighth of it; a pause that long parts two bursts.
  if (burst.segments > 0 && (!tiny || s.time_ns() - burst.first.time_ns > round_trip ||
                             s.time_ns() - burst.last.time_ns > round_trip / 8)) {
    end_burst(s.side);
  }
  if (!tiny) return;
  if (burst.segments == 0) burst.first = s.frame;
  burst.last = s.frame;
  ++burst.segments;
  burst.bytes += s.segment.payload_length;
}

void SmallSends::end_burst(Side side) {
  TinyBurst& burst = bursts_[index(side)];
  if (burst.segments >= kTinyBurst) {
    SmallSendResults& facts = facts_[index(side)];
    facts.tiny_bursts.add(burst.first, burst.last.time_ns - burst.first.time_ns);
    facts.tiny_bursts.show(burst.last);
    facts.tiny_segments += burst.segments;
    facts.tiny_bytes += burst.bytes;
  }
  burst = {};
}

void SmallSends::finish(const PerSide<SenderView>&, TimeNs, TransferResults& facts) {
  for (const Side side : {Side::A, Side::B}) end_burst(side);
  facts.small_sends = std::move(facts_);
}

}  // namespace tcpautopsy

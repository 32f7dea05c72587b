#include "tests/bench/conversation.h"

#include <algorithm>
#include <utility>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::bench {
namespace {

constexpr TimeNs kDelayedAck = 40 * kMillisecond, kLeastTimeout = 200 * kMillisecond;
constexpr std::uint32_t kLargestWindow = 256, kSmallestWindow = 4, kDuplicates = 3;

// RFC 7323 4.3: the end echoes the value of the segment that lies at what it acknowledged last.
void note_timestamp(const Packet& arrived, std::array<std::uint32_t, 2>& recent,
                    const std::array<std::uint32_t, 2>& acked) {
  const std::size_t to = index(other(arrived.from));
  if (!arrived.lost && arrived.seq <= acked[to]) recent[to] = arrived.ts_val;
}

}  // namespace

// An end answers what it got of the other after a round trip, and goes on with its own at once.
TimeNs Conversation::earliest(End from) const {
  return clock_ + (last_ == from ? path_.gap : path_.round_trip[index(from)]);
}

void Conversation::emit(End from, std::uint16_t flags, TimeNs at, std::uint32_t payload) {
  Packet packet;
  packet.time_ns = at;
  packet.seq = sent_[index(from)];
  packet.ack = (flags & kAck) != 0 ? got_[index(from)] : 0;
  packet.payload = static_cast<std::uint16_t>(payload);
  packet.flags = flags;
  packet.from = from;
  packets_.push_back(packet);
  sent_[index(from)] += payload + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
}

void Conversation::acknowledge(End end, TimeNs at, std::uint32_t to) {
  got_[index(end)] = to;
  owes_[index(end)] = false;
  emit(end, kAck, at);
}

// The delayed ACK goes out by itself if nothing of that end does before.
void Conversation::settle(End end, TimeNs until) {
  if (owes_[index(end)] && due_[index(end)] < until)
    acknowledge(end, due_[index(end)], sent_[index(other(end))]);
}

void Conversation::bare(End from, std::uint16_t flags, TimeNs think) {
  const TimeNs at = earliest(from) + think;
  settle(End::Client, at);
  settle(End::Server, at);
  got_[index(from)] = sent_[index(other(from))];
  owes_[index(from)] = false;
  emit(from, flags, at);
  clock_ = at;
  last_ = from;
}

void Conversation::open() {
  bare(End::Client, kSyn, 0);
  bare(End::Server, kSyn | kAck, 0);
  bare(End::Client, kAck, 0);
}

std::uint32_t Conversation::pick_lost(std::uint32_t segments) {
  if (path_.loss == 0) return segments;
  for (std::uint32_t i = 0; i < segments; ++i)
    if (random_.chance(path_.loss)) return i;
  return segments;
}

// Segments up to number `until` and their ACKs, of each second one. Returns when the last ACK passes.
TimeNs Conversation::in_order(End from, const Burst& burst, std::uint32_t until) {
  const End to = other(from);
  TimeNs acked = burst.at;
  for (std::uint32_t i = 0; i < until; ++i) {
    const TimeNs at = burst.at + i * path_.gap;
    const std::uint32_t octets = std::min(kMss, burst.octets - i * kMss);
    const bool last = i + 1 == burst.segments;
    emit(from, last ? kAck | kPsh : kAck, at, octets);
    const TimeNs reply = at + path_.round_trip[index(to)];
    if (owes_[index(to)]) {
      acknowledge(to, reply, sent_[index(from)]);
    } else {
      owes_[index(to)] = true;
      due_[index(to)] = reply + kDelayedAck;
    }
    acked = owes_[index(to)] ? due_[index(to)] : reply;
  }
  return acked;
}

// The lost segment, those after it with an ACK each, and the segment again: by the third duplicate ACK, or by
// the timer. Returns when what acknowledges all of it passes.
TimeNs Conversation::repair(End from, const Burst& burst) {
  const End to = other(from);
  const std::size_t sender = index(from);
  const TimeNs to_receiver = path_.round_trip[index(to)], to_sender = path_.round_trip[sender];
  const std::uint32_t hole = sent_[sender], length = std::min(kMss, burst.octets - burst.lost * kMss);
  const TimeNs lost_at = burst.at + burst.lost * path_.gap;
  if (random_.chance(0.5)) {
    emit(from, kAck, lost_at, length);
    packets_.back().lost = true;
  } else {
    sent_[sender] += length;
  }
  const std::uint32_t after = burst.segments - burst.lost - 1, right_of_hole = sent_[sender];
  if (after == 0 && owes_[index(to)]) acknowledge(to, due_[index(to)], hole);
  TimeNs at = lost_at;
  for (std::uint32_t i = 1; i <= after; ++i) {
    at = lost_at + i * path_.gap;
    emit(from, kAck, at, std::min(kMss, burst.octets - (burst.lost + i) * kMss));
    acknowledge(to, at + to_receiver, hole);
    packets_.back().sack_left = right_of_hole;
    packets_.back().sack_right = sent_[sender];
  }
  const TimeNs repaired = after >= kDuplicates
                              ? std::max(at, lost_at + kDuplicates * path_.gap + to_receiver + to_sender)
                              : at + kLeastTimeout + to_receiver + to_sender;
  const std::uint32_t end = sent_[sender];
  sent_[sender] = hole;
  emit(from, kAck, repaired, length);
  sent_[sender] = end;
  clock_ = repaired;
  acknowledge(to, repaired + to_receiver, end);
  return repaired + to_receiver;
}

TimeNs Conversation::burst(End from, const Burst& burst) {
  const TimeNs acked = in_order(from, burst, burst.lost);
  clock_ = burst.at + (burst.segments - 1) * path_.gap;
  last_ = from;
  std::uint32_t& window = window_[index(from)];
  if (burst.lost == burst.segments) {
    window = std::min(2 * window, kLargestWindow);
    return acked;
  }
  window = std::max(window / 4 * 2, kSmallestWindow);  // even: the last segment has its ACK at once
  return repair(from, burst);
}

void Conversation::send(End from, std::uint32_t octets, TimeNs think) {
  TimeNs at = earliest(from) + think;
  settle(End::Client, at);
  settle(End::Server, at);
  got_[index(from)] = sent_[index(other(from))];
  owes_[index(from)] = false;
  while (octets > 0) {
    Burst next;
    next.octets = std::min(octets, window_[index(from)] * kMss);
    next.segments = (next.octets + kMss - 1) / kMss;
    next.lost = pick_lost(next.segments);
    next.at = at;
    at = burst(from, next) + path_.round_trip[index(from)];
    octets -= next.octets;
    if (octets > 0) settle(other(from), at);
  }
}

void Conversation::close(End first, TimeNs think) {
  bare(first, kFin | kAck, think);
  if (random_.chance(0.5)) bare(other(first), kAck, 0);
  bare(other(first), kFin | kAck, kMillisecond);
  bare(first, kAck, 0);
}

void Conversation::reset(End from, TimeNs think) { bare(from, kRst | kAck, think); }

std::vector<Packet> Conversation::finish() {
  settle(End::Client, clock_ + kSecond);
  settle(End::Server, clock_ + kSecond);
  std::stable_sort(packets_.begin(), packets_.end(),
                   [](const Packet& a, const Packet& b) { return a.time_ns < b.time_ns; });
  std::array<std::uint32_t, 2> recent{}, acked{};
  std::array<std::size_t, 2> arrived{};  // how many packets have passed on their way to each end by then
  std::array<std::uint16_t, 2> ids{static_cast<std::uint16_t>(random_.word()),
                                   static_cast<std::uint16_t>(random_.word())};
  for (Packet& packet : packets_) {
    const std::size_t from = index(packet.from);
    packet.ts_val = connection_.iss[1 - from] + static_cast<std::uint32_t>(packet.time_ns / kMillisecond);
    packet.ip_id = ids[from]++;
    std::size_t& next = arrived[from];
    for (; packets_[next].time_ns + path_.round_trip[from] <= packet.time_ns; ++next)
      if (packets_[next].from != packet.from) note_timestamp(packets_[next], recent, acked);
    packet.ts_ecr = recent[from];
    acked[from] = packet.ack;
  }
  return std::move(packets_);
}

}  // namespace tcpautopsy::bench

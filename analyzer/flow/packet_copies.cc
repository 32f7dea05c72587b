#include "analyzer/flow/packet_copies.h"

#include <algorithm>
#include <cstdlib>

#include "analyzer/flow/secret_hash.h"

namespace tcpautopsy {
namespace {

// A bridge repeats a packet within microseconds, a mirror port that queues within a few milliseconds; busy
// ones hold it for longer, yet less than any host waits before it sends a SYN or a FIN again.
constexpr TimeNs kAtOnce = 2 * kMillisecond;
constexpr TimeNs kSoon = 5 * kMillisecond;
constexpr TimeNs kHeld = 100 * kMillisecond;
// That may lie between two capture points, or a queue that turns their order; any number where IP ID and
// timestamp tell that it is the same packet, as in captures of both ends merged.
constexpr int kRouters = 3;

bool identified(const TcpSegment& segment) { return segment.has_ip_id && segment.ip_id != 0; }

struct Print {
  std::uint64_t whole;
  std::size_t slot;  // the same in every run, so that the same copies are missed
};

// It is asked for each packet, and what comes next waits for it: products side by side, then one more.
Print print_of(const TcpSegment& s, std::uint64_t ends, bool from_low) {
  const std::uint64_t numbers = std::uint64_t{s.seq.raw()} << 32 | s.ack.raw();
  const std::uint64_t shape = std::uint64_t{s.payload_length} << 32 | std::uint64_t{s.flags} << 16 | s.window;
  const std::uint64_t id = identified(s) ? s.ip_id : std::uint64_t{s.options.ts_val} << 16;
  const std::uint64_t marks = (id << 16 | s.tcp_checksum) ^ 0xE7037ED1A0B428DBU;
  const std::uint64_t direction = ends ^ (from_low ? 0x5851F42D4C957F2DU : 0x14057B7EF767814FU);
  const std::uint64_t first = product(numbers ^ direction, shape ^ 0xA0761D6478BD642FU);
  const std::uint64_t second = product(marks, direction | 1U);
  return {product(first ^ 0x8EBC6AF09C88C6E3U, second | 1U) | 1U,
          product(marks, numbers ^ 0x589965CC75374CC3U) >> 52};
}

// Of two packets that look alike but for their encapsulation, `apart` in time and `hops` in TTL.
RecentPackets::Copy judge(const TcpSegment& s, bool other_encapsulation, TimeNs apart, int hops) {
  using Copy = RecentPackets::Copy;
  const bool by_id = identified(s);
  const bool stamped = by_id && s.options.has_timestamps;
  if (apart > kHeld || (hops > kRouters && !stamped) || (!by_id && hops > 1)) return Copy::None;
  const bool opens = (s.flags & kSyn) != 0;
  const bool carries = s.sequence_length() > 0;
  // The same IP ID within moments is the same packet, and so is what passed with and without a tag.
  if (by_id && (carries || apart <= kSoon)) return Copy::Sure;
  if (other_encapsulation && apart <= kSoon) return Copy::Sure;
  // A SYN-ACK may be sent again by its timer right after it answered a SYN; without ID and timestamp the two
  // look the same.
  if (opens && (s.flags & kAck) != 0 && !by_id && !s.options.has_timestamps)
    return apart <= kAtOnce ? Copy::Sure : Copy::Likely;
  if (opens) return Copy::Sure;
  // A host that keeps no IP ID gives what it sends again another timestamp, or sends it later.
  if (carries && apart <= (s.options.has_timestamps ? kSoon : kAtOnce)) return Copy::Sure;
  return by_id || apart <= kSoon ? Copy::Likely : Copy::None;
}

}  // namespace

RecentPackets::Seen RecentPackets::look(const TcpSegment& segment, std::uint64_t ends, bool from_low,
                                        TimeNs time_ns) {
  const Print print = print_of(segment, ends, from_low);
  Slot& slot = slots_[print.slot];
  if (slot.print == print.whole) {
    const TimeNs apart = std::max(time_ns, slot.time_ns) - std::min(time_ns, slot.time_ns);
    const Copy copy = judge(segment, slot.encapsulation != segment.encapsulation, apart,
                            std::abs(int{slot.ttl} - int{segment.ttl}));
    if (copy != Copy::None) return {copy, slot.encapsulation};
  }
  slot = {print.whole, time_ns, segment.encapsulation, segment.ttl};
  return {};
}

CopiedPairs::Pair CopiedPairs::find(std::uint64_t host_hash) const {
  if (pairs_.empty()) return kNone;
  const auto it = pairs_.find(host_hash);
  return it == pairs_.end() ? kNone : it->second;
}

CopiedPairs::Pair CopiedPairs::enter(std::uint64_t host_hash, std::uint64_t before) {
  const Pair known = find(host_hash);
  if (known != kNone) return known;
  if (counts_.size() >= kMostPairs) return kNone;
  const auto pair = static_cast<Pair>(counts_.size());
  counts_.push_back({before, 0});
  pairs_.emplace(host_hash, pair);
  return pair;
}

bool CopiedPairs::copied(Pair pair) const {
  const Counts& counts = counts_[pair];
  return pair != kNone && counts.copies >= kFewest && counts.copies * 2 > counts.originals;
}

std::uint64_t CopiedPairs::copied_pairs() const {
  std::uint64_t sum = 0;
  for (Pair pair = 1; pair < counts_.size(); ++pair) sum += copied(pair) ? 1 : 0;
  return sum;
}

}  // namespace tcpautopsy

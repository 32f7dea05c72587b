#include "analyzer/flow/packet_copies.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

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

struct Print {
  std::uint64_t whole;
  std::size_t set;  // the same in every run, so that the same copies are missed
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

// How a packet follows one that looks alike but for its encapsulation.
struct Follows {
  bool other_encapsulation = false;
  bool third = false;         // another came between,
  bool second_there = false;  // with another TTL: what passed both capture points had passed before
  TimeNs apart = 0;           // either may be the first: clocks of two capture points differ
  int hops = 0;               // in TTL
};

// The same IP ID within moments is the same packet, and so is what passed with and without a tag.
bool same_packet(const TcpSegment& s, const Follows& f) {
  const bool by_id = identified(s);
  if (by_id && (f.hops <= kRouters || s.options.has_timestamps) &&
      (s.sequence_length() > 0 || f.apart <= kSoon))
    return true;
  return f.other_encapsulation && f.hops <= (by_id ? kRouters : 1) && f.apart <= kSoon;
}

// A host's packets bear one TTL: of two that differ in it one had passed a router. A RST in its name may be
// another's.
bool behind_router(const TcpSegment& s, const Follows& f) {
  if (f.hops == 0 || (s.flags & kRst) != 0) return false;
  return s.options.has_timestamps || (s.flags & kSyn) != 0 || (f.hops <= kRouters && f.apart <= kSoon);
}

RecentPackets::Copy judge(const TcpSegment& s, const Follows& f) {
  using Copy = RecentPackets::Copy;
  const bool stamped = s.options.has_timestamps;
  if (f.apart > kHeld) return Copy::None;
  if (same_packet(s, f) || behind_router(s, f)) return Copy::Sure;
  // A SYN-ACK may be sent again by its timer right after it answered a SYN; without ID and timestamp the two
  // look the same.
  if ((s.flags & (kSyn | kAck)) == kSyn || ((s.flags & kSyn) != 0 && (stamped || identified(s))))
    return Copy::Sure;
  const bool another_sending = f.third && (f.apart > kSoon || f.second_there) && !identified(s);
  if (s.sequence_length() == 0) return another_sending ? Copy::None : Copy::Likely;
  // A host that keeps no IP ID gives what it sends again another timestamp, or sends it later.
  if (f.hops <= kRouters && f.apart <= (stamped && (s.flags & kSyn) == 0 ? kSoon : kAtOnce))
    return Copy::Sure;
  return another_sending ? Copy::None : Copy::Telling;
}

}  // namespace

RecentPackets::Seen RecentPackets::look(const TcpSegment& segment, std::uint64_t ends, bool from_low,
                                        TimeNs time_ns) {
  const Print print = print_of(segment, ends, from_low);
  Set& set = sets_[latest_ = print.set];
  if (set.newer.print == print.whole || set.older.print == print.whole) {
    Slot& slot = set.newer.print == print.whole ? set.newer : set.older;
    const TimeNs apart = std::max(time_ns, slot.time_ns) - std::min(time_ns, slot.time_ns);
    const int hops = std::abs(int{slot.ttl} - int{segment.ttl});
    const Copy copy = judge(segment, {slot.encapsulation != segment.encapsulation, slot.again,
                                      slot.elsewhere && hops == 0, apart, hops});
    slot.again = true;
    slot.elsewhere = slot.elsewhere || hops > 0;
    if (copy != Copy::None) return {copy, slot.encapsulation, slot.rank};
    if (&slot == &set.older) std::swap(set.newer, set.older);
  } else {
    set.older = set.newer;
  }
  set.newer = {print.whole, time_ns, 0, segment.encapsulation, segment.ttl, false, false};
  return {};
}

CopiedPairs::Pair CopiedPairs::find(std::uint64_t host_hash) const {
  if (pairs_.empty()) return kNone;
  const auto it = pairs_.find(host_hash);
  return it == pairs_.end() ? kNone : it->second;
}

CopiedPairs::Pair CopiedPairs::add(std::uint64_t host_hash, std::uint64_t before, bool from_syn) {
  const Pair known = find(host_hash);
  if (known != kNone) return known;
  if (counts_.size() >= kMostPairs) return kNone;
  const auto pair = static_cast<Pair>(counts_.size());
  counts_.push_back({before, 0, from_syn});
  pairs_.emplace(host_hash, pair);
  return pair;
}

CopiedPairs::Pair CopiedPairs::enter(std::uint64_t host_hash, std::uint64_t before) {
  return add(host_hash, before, false);
}

CopiedPairs::Pair CopiedPairs::enter_by_syn(std::uint64_t host_hash) { return add(host_hash, 1, true); }

// Where the first of all came twice, those sent since may be under way to the other capture point.
bool CopiedPairs::copied_with(Pair pair, std::uint64_t rank) const {
  const Counts& counts = counts_[pair];
  return counts.from_syn ? copied(pair, counts.copies + 1, std::min(rank, counts.originals)) : copied(pair);
}

std::uint64_t CopiedPairs::copied_pairs() const {
  std::uint64_t sum = 0;
  for (Pair pair = 1; pair < counts_.size(); ++pair) sum += copied(pair) ? 1 : 0;
  return sum;
}

}  // namespace tcpautopsy

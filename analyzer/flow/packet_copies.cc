#include "analyzer/flow/packet_copies.h"

namespace tcpautopsy {
namespace {

// A mirror port or a bridge repeats a packet within microseconds; a host never sends the same IP ID again so
// soon.
constexpr TimeNs kApart = 2 * kMillisecond;

bool identified(const TcpSegment& segment) { return segment.has_ip_id && segment.ip_id != 0; }

std::uint64_t print_of(const TcpSegment& s, std::uint64_t hash, bool from_low) {
  std::uint64_t print = hash ^ (from_low ? 0x5851F42D4C957F2DU : 0U);
  print = mix(print ^ (std::uint64_t{s.seq.raw()} << 32 | s.ack.raw()));
  print = mix(print ^ (std::uint64_t{s.payload_length} << 32 | std::uint64_t{s.flags} << 16 | s.window));
  const std::uint64_t id = identified(s) ? s.ip_id : std::uint64_t{s.options.ts_val} << 16;
  return mix(print ^ (id << 16 | s.tcp_checksum)) | 1U;
}

}  // namespace

RecentPackets::Copy RecentPackets::look(const TcpSegment& segment, std::uint64_t hash, bool from_low,
                                        TimeNs time_ns) {
  const std::uint64_t print = print_of(segment, hash, from_low);
  Slot& slot = slots_[print >> 52];
  const bool alike = slot.print == print && time_ns - slot.time_ns <= kApart &&
                     slot.time_ns - time_ns <= kApart &&
                     (slot.ttl == segment.ttl || slot.ttl == segment.ttl + 1);
  if (!alike) {
    slot = {print, time_ns, segment.ttl};
    return Copy::None;
  }
  if (!identified(segment) && segment.sequence_length() == 0) return Copy::Unidentified;
  return Copy::Sure;
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

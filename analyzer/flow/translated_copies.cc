#include "analyzer/flow/translated_copies.h"

#include <algorithm>

#include "analyzer/flow/secret_hash.h"

namespace tcpautopsy {
namespace {

// Between the interfaces of one router; and between two captures merged, by clocks that agree.
constexpr TimeNs kMostApart = 100 * kMillisecond;

// A lone SYN has one number only, which scanners set alike in all of theirs: their SYNs have no timestamps.
bool tells(const TcpSegment& s) {
  if ((s.flags & kAck) != 0) return true;
  return (s.flags & kSyn) != 0 && s.options.has_timestamps;
}

// The same in every run, so that the same copies are missed.
std::uint64_t print_of(const TcpSegment& s) {
  const std::uint64_t numbers = std::uint64_t{s.seq.raw()} << 32 | s.ack.raw();
  const std::uint64_t shape = std::uint64_t{s.payload_length} << 32 | std::uint64_t{s.flags} << 16 | s.window;
  const std::uint64_t id =
      std::uint64_t{s.has_ip_id ? s.ip_id : 0} << 32 | (s.options.has_timestamps ? s.options.ts_val : 0);
  const std::uint64_t first = product(numbers ^ 0x5851F42D4C957F2DU, shape ^ 0xA0761D6478BD642FU);
  return product(first ^ 0x8EBC6AF09C88C6E3U, id ^ 0xE7037ED1A0B428DBU) | 1U;
}

}  // namespace

void TranslatedCopies::note(const TcpSegment& segment, const FrameRef& frame, std::uint64_t flow) {
  if (!tells(segment)) return;
  const std::uint64_t print = print_of(segment);
  Slot& slot = slots_[print >> 54];
  const TimeNs apart = std::max(frame.time_ns, slot.time_ns) - std::min(frame.time_ns, slot.time_ns);
  if (slot.print != print || apart > kMostApart) {
    slot = {print, flow, frame.time_ns};
    return;
  }
  if (slot.flow == flow || originals_.size() >= kMost) return;
  const std::uint64_t copy = std::max(flow, slot.flow), before = std::min(flow, slot.flow);
  if (!originals_.emplace(copy, original_of(before).value_or(before)).second) return;
  if (found_++ == 0) first_ = frame;
}

std::optional<std::uint64_t> TranslatedCopies::original_of(std::uint64_t flow) const {
  const auto it = originals_.find(flow);
  return it == originals_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace tcpautopsy

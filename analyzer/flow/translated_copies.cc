#include "analyzer/flow/translated_copies.h"

#include <algorithm>

#include "analyzer/flow/secret_hash.h"

namespace tcpautopsy {
namespace {

// Between the interfaces of one router; and between two captures merged, by clocks that agree well.
constexpr TimeNs kMostApart = 10 * kMillisecond;

// Scanners set alike what a lone SYN or a bare ACK bears, and hosts the whole of a RST that answers such.
bool tells(const TcpSegment& s) {
  if ((s.flags & kRst) != 0) return false;
  const bool ack = (s.flags & kAck) != 0;
  if ((s.flags & kSyn) != 0) return ack || s.options.has_timestamps;
  return ack && s.payload_length > 0;
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

bool TranslatedCopies::Slot::has(std::uint64_t flow) const {
  const auto end = flows.begin() + static_cast<std::ptrdiff_t>(legs);
  return std::find(flows.begin(), end, flow) != end;
}

void TranslatedCopies::Slot::add(const TcpSegment& segment, const FrameRef& frame, std::uint64_t flow) {
  flows.at(legs++) = flow;
  source = segment.source;
  destination = segment.destination;
  time_ns = frame.time_ns;
}

bool TranslatedCopies::behind_nat(const Slot& slot, const TcpSegment& segment, const FrameRef& frame) {
  const TimeNs apart = std::max(frame.time_ns, slot.time_ns) - std::min(frame.time_ns, slot.time_ns);
  return !slot.common && slot.legs < kMostLegs && apart <= kMostApart &&
         (slot.source == segment.source || slot.destination == segment.destination);
}

void TranslatedCopies::note(const TcpSegment& segment, const FrameRef& frame, std::uint64_t flow) {
  if (!tells(segment)) return;
  if ((segment.flags & kSyn) != 0 && (segment.flags & kAck) != 0) note_answer(flow);
  const std::uint64_t print = print_of(segment);
  Slot& slot = slots_[print >> 54];
  if (slot.print != print) {
    slot = {};
    slot.print = print;
    slot.add(segment, frame, flow);
    return;
  }
  // Nothing is translated where both ends are equal: another VLAN, or the ports used again.
  if (slot.has(flow) || (slot.source == segment.source && slot.destination == segment.destination)) return;
  if (!behind_nat(slot, segment, frame)) {
    take_back(slot);
    slot.common = true;
    return;
  }
  slot.add(segment, frame, flow);
  remember(slot.flows[0], flow, frame);
}

void TranslatedCopies::note_answer(std::uint64_t flow) {
  const auto it = originals_.find(flow);
  if (it != originals_.end()) legs_.at(it->second).answered = true;
}

void TranslatedCopies::remember(std::uint64_t before, std::uint64_t flow, const FrameRef& frame) {
  const auto known = leg(before), own = leg(flow);
  if (own && (known || own->original == before)) return;
  if (originals_.size() + 2 > most_) {
    ++not_kept_;
    return;
  }
  const std::uint64_t original = known ? known->original : own ? own->original : std::min(before, flow);
  enter(before, original);
  enter(flow, original);
  if (found_++ == 0) first_ = frame;
}

void TranslatedCopies::enter(std::uint64_t flow, std::uint64_t original) {
  if (originals_.emplace(flow, original).second) ++legs_[original].open;
}

// What was found by numbers that turn out to be common.
void TranslatedCopies::take_back(const Slot& slot) {
  for (std::size_t i = 0; i < slot.legs; ++i) {
    const auto gone = take(slot.flows.at(i));
    if (gone && gone->original != slot.flows.at(i)) --found_;
  }
}

std::optional<TranslatedLeg> TranslatedCopies::leg(std::uint64_t flow) const {
  const auto it = originals_.find(flow);
  if (it == originals_.end()) return std::nullopt;
  const Original& original = legs_.at(it->second);
  return TranslatedLeg{it->second, original.open == 1, original.answered};
}

std::optional<TranslatedLeg> TranslatedCopies::take(std::uint64_t flow) {
  const auto taken = leg(flow);
  if (!taken) return std::nullopt;
  originals_.erase(flow);
  if (taken->last)
    legs_.erase(taken->original);
  else
    --legs_.at(taken->original).open;
  return taken;
}

}  // namespace tcpautopsy

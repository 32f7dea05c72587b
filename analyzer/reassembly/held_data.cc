#include "analyzer/reassembly/held_data.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace tcpautopsy {
namespace {

// A block in the map takes about so much beside its octets.
constexpr std::size_t kBlockCost = 160;

std::size_t cost_of(const HeldBlock& block) { return kBlockCost + block.octets.size(); }

StreamOffset end_of(StreamOffset begin, const HeldBlock& block) {
  return begin + static_cast<StreamOffset>(block.length);
}

// The part [from, to) of `block`, counted from its beginning.
HeldBlock part(const HeldBlock& block, std::uint64_t from, std::uint64_t to) {
  HeldBlock out{{}, to - from, block.frame, block.doubt};
  if (!block.cut()) {
    const auto first = block.octets.begin();
    out.octets.assign(first + static_cast<std::ptrdiff_t>(from), first + static_cast<std::ptrdiff_t>(to));
  }
  return out;
}

bool replaces(const Piece& piece, const HeldBlock& held, bool last_wins) {
  if (piece.octets.empty() != held.cut()) return held.cut();
  if ((piece.doubt == Doubt::None) != (held.doubt == Doubt::None)) return piece.doubt == Doubt::None;
  return last_wins;
}

}  // namespace

Difference difference(Bytes a, Bytes b) {
  Difference found;
  if (std::memcmp(a.data(), b.data(), a.size()) == 0) return found;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (found.count == 0) found.first = i;
    ++found.count;
  }
  return found;
}

void HeldData::put(StreamOffset begin, HeldBlock block) {
  cost_ += cost_of(block);
  blocks_.insert_or_assign(begin, std::move(block));
}

void HeldData::put(const Piece& piece, StreamOffset begin, StreamOffset end) {
  if (begin >= end) return;
  HeldBlock block{{}, static_cast<std::uint64_t>(end - begin), piece.frame, piece.doubt};
  if (!piece.octets.empty()) {
    const Bytes octets = piece.octets.subspan(static_cast<std::size_t>(begin - piece.begin), block.length);
    block.octets.assign(octets.begin(), octets.end());
  }
  put(begin, std::move(block));
}

HeldData::Blocks::iterator HeldData::erase(Blocks::iterator block) {
  cost_ -= cost_of(block->second);
  return blocks_.erase(block);
}

// Takes [begin, end) out of a block; returns the block after it.
HeldData::Blocks::iterator HeldData::cut_out(Blocks::iterator at, StreamOffset begin, StreamOffset end) {
  const StreamOffset first = at->first;
  const HeldBlock block = std::move(at->second);
  cost_ -= cost_of(block);
  const auto next = blocks_.erase(at);
  if (first < begin) put(first, part(block, 0, static_cast<std::uint64_t>(begin - first)));
  if (end_of(first, block) > end)
    put(end, part(block, static_cast<std::uint64_t>(end - first), block.length));
  return next;
}

void HeldData::insert(const Piece& piece, bool last_wins, const OnConflict& on_conflict) {
  auto at = blocks_.upper_bound(piece.begin);
  if (at != blocks_.begin() && end_of(std::prev(at)->first, std::prev(at)->second) > piece.begin) --at;
  StreamOffset begin = piece.begin;  // of what of the piece is to be put next
  while (at != blocks_.end() && at->first < piece.end()) {
    const HeldBlock& held = at->second;
    const StreamOffset from = std::max(piece.begin, at->first);
    const StreamOffset to = std::min(piece.end(), end_of(at->first, held));
    const bool replace = replaces(piece, held, last_wins);
    if (!held.cut() && !piece.octets.empty() && held.doubt == Doubt::None && piece.doubt == Doubt::None) {
      const auto length = static_cast<std::size_t>(to - from);
      const Difference differ =
          difference(Bytes(held.octets).subspan(static_cast<std::size_t>(from - at->first), length),
                     piece.octets.subspan(static_cast<std::size_t>(from - piece.begin), length));
      if (differ.count > 0)
        on_conflict(from + static_cast<StreamOffset>(differ.first), differ.count,
                    replace ? piece.frame : held.frame, replace ? held.frame : piece.frame);
    }
    if (replace) {
      at = cut_out(at, from, to);
      continue;
    }
    put(piece, begin, from);
    begin = to;
    ++at;
  }
  put(piece, begin, piece.end());
}

HeldBlock HeldData::take_front(std::uint64_t octets) {
  const auto at = blocks_.begin();
  const StreamOffset begin = at->first;
  HeldBlock block = std::move(at->second);
  cost_ -= cost_of(block);
  blocks_.erase(at);
  if (octets >= block.length) return block;
  put(begin + static_cast<StreamOffset>(octets), part(block, octets, block.length));
  return part(block, 0, octets);
}

void HeldData::clear() {
  blocks_.clear();
  cost_ = 0;
}

std::uint64_t HeldData::drop_before(StreamOffset offset) {
  std::uint64_t dropped = 0;
  while (!empty() && begin() < offset)
    dropped += take_front(static_cast<std::uint64_t>(offset - begin())).length;
  return dropped;
}

std::uint64_t HeldData::drop_from(StreamOffset offset) {
  std::uint64_t dropped = 0;
  while (!empty()) {
    const auto last = std::prev(blocks_.end());
    const StreamOffset end = end_of(last->first, last->second);
    if (end <= offset) break;
    dropped += static_cast<std::uint64_t>(end - std::max(offset, last->first));
    cut_out(last, std::max(offset, last->first), end);
  }
  return dropped;
}

std::uint64_t HeldData::drop(Doubt doubt) {
  std::uint64_t dropped = 0;
  for (auto at = blocks_.begin(); at != blocks_.end();) {
    if (at->second.doubt == doubt) {
      dropped += at->second.length;
      at = erase(at);
    } else {
      ++at;
    }
  }
  return dropped;
}

void HeldData::trust(Doubt doubt) {
  for (auto& [begin, block] : blocks_)
    if (block.doubt == doubt) block.doubt = Doubt::None;
}

std::uint64_t HeldData::octets() const {
  std::uint64_t sum = 0;
  for (const auto& [begin, block] : blocks_) sum += block.length;
  return sum;
}

}  // namespace tcpautopsy

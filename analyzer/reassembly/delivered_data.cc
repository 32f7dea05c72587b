#include "analyzer/reassembly/delivered_data.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

constexpr std::size_t kFirstSize = 16384;

}  // namespace

void DeliveredData::store(StreamOffset offset, Bytes octets) {
  while (!octets.empty()) {
    const std::size_t at = place(offset);
    const std::size_t length = std::min(octets.size(), ring_.size() - at);
    std::copy_n(octets.begin(), length, ring_.begin() + static_cast<std::ptrdiff_t>(at));
    octets = octets.subspan(length);
    offset += static_cast<StreamOffset>(length);
  }
}

void DeliveredData::grow(std::size_t wanted) {
  if (wanted <= ring_.size() || ring_.size() >= most_) return;
  std::vector<std::uint8_t> before(
      std::clamp(std::max(wanted, ring_.size() * 2), kFirstSize, std::max(most_, kFirstSize)));
  before.swap(ring_);
  for (const Entry& entry : entries_) {
    for (StreamOffset o = entry.begin; o < entry.end;) {
      const std::size_t at = static_cast<std::uint64_t>(o) % before.size();
      const std::size_t length = std::min(static_cast<std::size_t>(entry.end - o), before.size() - at);
      store(o, Bytes(before).subspan(at, length));
      o += static_cast<StreamOffset>(length);
    }
  }
}

void DeliveredData::note(StreamOffset offset, Bytes octets, const FrameRef& frame) {
  if (most_ == 0 || octets.empty()) return;
  const StreamOffset end = offset + static_cast<StreamOffset>(octets.size());
  const StreamOffset oldest = entries_.empty() ? offset : entries_.front().begin;
  grow(static_cast<std::size_t>(end - oldest));
  const auto kept = static_cast<StreamOffset>(ring_.size());
  if (octets.size() > ring_.size()) octets = octets.last(ring_.size());
  store(end - static_cast<StreamOffset>(octets.size()), octets);
  entries_.push_back({end - static_cast<StreamOffset>(octets.size()), end, frame});
  while (entries_.front().end <= end - kept || entries_.size() > kMostEntries) entries_.pop_front();
  entries_.front().begin = std::max(entries_.front().begin, end - kept);
}

void DeliveredData::compare(const Piece& piece, const HeldData::OnConflict& on_conflict) const {
  auto entry = std::upper_bound(entries_.begin(), entries_.end(), piece.begin,
                                [](StreamOffset at, const Entry& e) { return at < e.end; });
  for (; entry != entries_.end() && entry->begin < piece.end(); ++entry) {
    StreamOffset from = std::max(piece.begin, entry->begin);
    const StreamOffset to = std::min(piece.end(), entry->end);
    Difference all;
    StreamOffset first = 0;
    while (from < to) {
      const std::size_t at = place(from);
      const std::size_t length = std::min(static_cast<std::size_t>(to - from), ring_.size() - at);
      const Difference differ =
          difference(Bytes(ring_).subspan(at, length),
                     piece.octets.subspan(static_cast<std::size_t>(from - piece.begin), length));
      if (all.count == 0) first = from + static_cast<StreamOffset>(differ.first);
      all.count += differ.count;
      from += static_cast<StreamOffset>(length);
    }
    if (all.count > 0) on_conflict(first, all.count, entry->frame, piece.frame);
  }
}

}  // namespace tcpautopsy

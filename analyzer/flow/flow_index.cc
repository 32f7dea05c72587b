#include "analyzer/flow/flow_index.h"

#include <utility>

namespace tcpautopsy {

void FlowIndex::put(Slot slot) {
  std::size_t i = slot.tag & mask();
  while (slots_[i].flow != kNone) i = (i + 1) & mask();
  slots_[i] = slot;
}

void FlowIndex::insert(std::uint64_t hash, std::uint32_t flow) {
  if ((used_ + 1) * 4 > slots_.size() * 3) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.flow != kNone) put(slot);
    }
  }
  put(Slot{static_cast<std::uint32_t>(hash >> 32), flow});
  ++used_;
}

std::size_t FlowIndex::place_of(std::uint32_t tag, std::uint32_t flow) const {
  std::size_t i = tag & mask();
  while (slots_[i].flow != flow && slots_[i].flow != kNone) i = (i + 1) & mask();
  return i;
}

void FlowIndex::replace(std::uint64_t hash, std::uint32_t flow, std::uint32_t by) {
  Slot& slot = slots_[place_of(static_cast<std::uint32_t>(hash >> 32), flow)];
  if (slot.flow == flow) slot.flow = by;
}

void FlowIndex::erase(std::uint64_t hash, std::uint32_t flow) {
  std::size_t hole = place_of(static_cast<std::uint32_t>(hash >> 32), flow);
  if (slots_[hole].flow != flow) return;
  --used_;
  // Moves later entries of the run up, so that no tombstones are needed.
  for (std::size_t i = (hole + 1) & mask(); slots_[i].flow != kNone; i = (i + 1) & mask()) {
    const std::size_t home = slots_[i].tag & mask();
    if (((i - home) & mask()) >= ((i - hole) & mask())) {
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = Slot{};
}

}  // namespace tcpautopsy

// Finds the live flows of a hash: open addressing with linear probing, eight octets a slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tcpautopsy {

class FlowIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  FlowIndex() : slots_(kSmallest) {}

  // The first flow stored under `hash` for which `is_it(flow)`; kNone if there is none.
  template <class IsIt>
  std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = tag & mask();; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.flow == kNone) return kNone;
      if (slot.tag == tag && is_it(slot.flow)) return slot.flow;
    }
  }
  void insert(std::uint64_t hash, std::uint32_t flow);
  // Puts another flow in the place of one that is stored.
  void replace(std::uint64_t hash, std::uint32_t flow, std::uint32_t by);
  void erase(std::uint64_t hash, std::uint32_t flow);

 private:
  static constexpr std::size_t kSmallest = 64;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t flow = kNone;
  };

  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t place_of(std::uint32_t tag, std::uint32_t flow) const;
  void put(Slot slot);

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace tcpautopsy

// The ports of one host that were used.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tcpautopsy {

// Sorted while they are few, then a bit for each port there is (8 kB).
class PortSet {
 public:
  void add(std::uint16_t port);
  void merge(const PortSet& part);

  std::size_t size() const { return size_; }
  // The least and the greatest; 0 where there is none.
  std::uint16_t least() const;
  std::uint16_t greatest() const;
  // All of them even, or all odd: Linux takes those of one kind first.
  bool of_one_parity() const;

  template <class F>
  void each(F f) const {
    for (const std::uint16_t port : few_) f(port);
    for (std::size_t word = 0; word < bits_.size(); ++word)
      for (std::uint64_t bits = bits_[word]; bits != 0; bits &= bits - 1)
        f(static_cast<std::uint16_t>(word * 64 + static_cast<unsigned>(std::countr_zero(bits))));
  }

 private:
  static constexpr std::size_t kFew = 512;

  std::vector<std::uint16_t> few_;   // empty once there are many
  std::vector<std::uint64_t> bits_;  // empty while there are few
  std::size_t size_ = 0;
};

}  // namespace tcpautopsy

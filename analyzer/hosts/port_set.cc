#include "analyzer/hosts/port_set.h"

#include <algorithm>

namespace tcpautopsy {

void PortSet::add(std::uint16_t port) {
  if (bits_.empty()) {
    const auto at = std::lower_bound(few_.begin(), few_.end(), port);
    if (at != few_.end() && *at == port) return;
    few_.insert(at, port);
    size_ = few_.size();
    if (few_.size() <= kFew) return;
    bits_.resize(65536 / 64);
    for (const std::uint16_t p : few_) bits_[p / 64U] |= std::uint64_t{1} << (p % 64U);
    few_ = {};
    return;
  }
  std::uint64_t& word = bits_[port / 64U];
  const std::uint64_t bit = std::uint64_t{1} << (port % 64U);
  size_ += (word & bit) == 0;
  word |= bit;
}

void PortSet::merge(const PortSet& part) {
  part.each([this](std::uint16_t port) { add(port); });
}

std::uint16_t PortSet::least() const {
  std::uint16_t least = 65535;
  each([&](std::uint16_t port) { least = std::min(least, port); });
  return size_ == 0 ? std::uint16_t{0} : least;
}

std::uint16_t PortSet::greatest() const {
  std::uint16_t greatest = 0;
  each([&](std::uint16_t port) { greatest = std::max(greatest, port); });
  return greatest;
}

bool PortSet::of_one_parity() const {
  std::size_t odd = 0;
  each([&](std::uint16_t port) { odd += port % 2U; });
  return odd == 0 || odd == size_;
}

}  // namespace tcpautopsy

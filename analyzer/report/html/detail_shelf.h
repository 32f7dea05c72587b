// The connections that a page shows in full, chosen while they end: those of each cause with the least
// numbers, as incidents name them, and the largest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace tcpautopsy {

class DetailShelf {
 public:
  // `most_octets` of all together.
  explicit DetailShelf(std::size_t most_octets) : most_octets_(most_octets) {}

  // One of the flows of a cause, by the book's count; none where it has no cause. `make` is asked for it only
  // where it is kept, for now.
  void offer(std::uint64_t flow, std::optional<std::uint32_t> cause, std::uint64_t octets,
             const std::function<std::string()>& make);
  // By number.
  std::map<std::uint64_t, std::string> release();

 private:
  static constexpr std::size_t kPerCause = 20;  // as many as an incident names
  static constexpr std::size_t kLargest = 32;
  using Rank = std::uint64_t;  // within its group, the least is kept longest
  using Group = std::map<std::pair<Rank, std::uint64_t>, std::string>;

  void drop_last(Group& group);
  void make_room();

  std::size_t most_octets_, octets_ = 0;
  std::map<std::uint32_t, Group> by_cause_;
  Group largest_;
};

}  // namespace tcpautopsy

// Puts any number of lines in order in bounded memory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tcpautopsy {

// Lines are held until there are `memory` octets of them; then they go, sorted, to an unlinked temporary
// file, and all such runs are merged in the end. A small result never touches the disk. Throws
// std::system_error where the disk fails.
class SortedSpool {
 public:
  explicit SortedSpool(std::size_t memory = std::size_t{16} << 20);
  ~SortedSpool();

  // Keys sort as octets; lines of equal keys come out in the order they were added.
  void add(std::string_view key, std::string_view line);
  // Hands out every line in order, once.
  void drain(const std::function<void(std::string_view)>& each);
  // The same up to the first whose key is `key` or beyond. Until drain() is called no line may be added.
  void drain_below(std::string_view key, const std::function<void(std::string_view)>& each);

  std::size_t octets() const;  // that held lines take, and what is set aside for more

  static std::string number_key(std::uint64_t number);  // sorts as the number

 private:
  struct Held {
    std::size_t offset;
    std::uint32_t key, line;  // lengths
  };
  struct Run {
    std::uint64_t offset, end;
  };
  class RunReader;
  class Merge;

  std::string_view key_of(const Held& held) const;
  std::string_view line_of(const Held& held) const;
  bool sort_held();
  void spill();
  void begin_draining();

  std::size_t memory_;
  std::string text_;  // of each of `held_` its lengths, key and line, as they go to the file
  std::vector<Held> held_;
  std::FILE* file_ = nullptr;
  std::uint64_t written_ = 0;
  std::vector<Run> runs_;
  std::unique_ptr<Merge> merge_;  // while draining, if there are runs
  std::size_t drained_ = 0;       // of held_, while draining, if there are none
  bool draining_ = false;
};

}  // namespace tcpautopsy

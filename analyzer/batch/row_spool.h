// Rows for the store, kept in order until their unit is done: in memory while they are few, then in an
// unlinked temporary file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/batch/database.h"

namespace tcpautopsy::batch {

class RowSpool {
 public:
  explicit RowSpool(std::size_t memory = std::size_t{16} << 20) : memory_(memory) {}
  ~RowSpool();
  RowSpool(RowSpool&& other) noexcept;
  RowSpool& operator=(RowSpool&& other) noexcept;
  RowSpool(const RowSpool&) = delete;
  RowSpool& operator=(const RowSpool&) = delete;

  // Throws std::system_error where the disk fails.
  void add(const std::vector<Cell>& row);
  // Every row in the order added; texts are good until the next.
  void each(const std::function<void(std::vector<Cell>&)>& use) const;
  std::uint64_t bytes() const { return spilled_ + text_.size(); }
  std::uint64_t bytes_in_memory() const { return text_.size(); }

 private:
  void spill();

  std::size_t memory_;
  std::string text_;
  std::FILE* file_ = nullptr;
  std::uint64_t spilled_ = 0;
};

}  // namespace tcpautopsy::batch

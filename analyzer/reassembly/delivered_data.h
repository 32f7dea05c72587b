// The latest octets delivered of one direction, to compare resends with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "analyzer/reassembly/held_data.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

class DeliveredData {
 public:
  explicit DeliveredData(std::size_t most) : most_(most) {}

  void note(StreamOffset offset, Bytes octets, const FrameRef& frame);
  // Tells each frame whose octets `piece` contradicts. What is not remembered is taken to be equal.
  void compare(const Piece& piece, const HeldData::OnConflict& on_conflict) const;

 private:
  struct Entry {
    StreamOffset begin, end;
    FrameRef frame;
  };
  static constexpr std::size_t kMostEntries = 16384;

  // Offset o is at ring_[o % ring_.size()]; the ring grows with the stream up to `most_`.
  void grow(std::size_t wanted);
  std::size_t place(StreamOffset offset) const { return static_cast<std::uint64_t>(offset) % ring_.size(); }
  void store(StreamOffset offset, Bytes octets);

  std::size_t most_;
  std::vector<std::uint8_t> ring_;
  std::deque<Entry> entries_;
};

}  // namespace tcpautopsy

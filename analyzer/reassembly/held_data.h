// Octets of one direction that cannot be delivered yet, apart and in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// What speaks against the receiver having taken a segment; only an acknowledgment shows that it did.
enum class Doubt : std::uint8_t { None, SynData, BadChecksum, AfterReset };

struct HeldBlock {
  std::vector<std::uint8_t> octets;  // none: cut off by the snap length
  std::uint64_t length = 0;
  FrameRef frame;
  Doubt doubt = Doubt::None;

  bool cut() const { return octets.empty(); }
};

// A segment's octets, or where they were had they not been cut off.
struct Piece {
  StreamOffset begin = 0;
  std::uint64_t length = 0;
  Bytes octets;  // `length` of them, or none
  FrameRef frame;
  Doubt doubt = Doubt::None;

  StreamOffset end() const { return begin + static_cast<StreamOffset>(length); }
};

// How many octets of two views of one length differ, and where first.
struct Difference {
  std::size_t first = 0;
  std::uint64_t count = 0;
};
Difference difference(Bytes a, Bytes b);

class HeldData {
 public:
  // `offset`, of the first octet that differs; whose octets stay and whose go.
  using OnConflict = std::function<void(StreamOffset offset, std::uint64_t differ, const FrameRef& kept,
                                        const FrameRef& other)>;

  // Certain octets replace doubtful ones, and any octets what was cut off; between equals `last_wins`
  // decides.
  void insert(const Piece& piece, bool last_wins, const OnConflict& on_conflict);

  bool empty() const { return blocks_.empty(); }
  StreamOffset begin() const { return blocks_.begin()->first; }
  const HeldBlock& front() const { return blocks_.begin()->second; }
  // Takes the first block, or its first `octets`.
  HeldBlock take_front(std::uint64_t octets);
  void clear();
  // Drops the octets before `offset`, or from it on; tells how many.
  std::uint64_t drop_before(StreamOffset offset);
  std::uint64_t drop_from(StreamOffset offset);
  // Drops all blocks in this doubt; tells how many octets.
  std::uint64_t drop(Doubt doubt);
  void trust(Doubt doubt);  // no longer doubted
  // Octets held, with some for keeping each block: many tiny blocks are no way round a limit.
  std::size_t cost() const { return cost_; }
  std::uint64_t octets() const;

 private:
  using Blocks = std::map<StreamOffset, HeldBlock>;

  void put(StreamOffset begin, HeldBlock block);
  void put(const Piece& piece, StreamOffset begin, StreamOffset end);
  Blocks::iterator erase(Blocks::iterator block);
  Blocks::iterator cut_out(Blocks::iterator block, StreamOffset begin, StreamOffset end);

  Blocks blocks_;
  std::size_t cost_ = 0;
};

}  // namespace tcpautopsy

// Who spoke when: runs of data of one end until the other sends some. TCP has no messages; these are the
// nearest to requests and responses that packets show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"
#include "analyzer/transfer/log_sketch.h"

namespace tcpautopsy {

struct Turn {
  FrameRef first;  // its first segment with data
  TimeNs last_ns = 0;
  TimeNs wait_ns = -1;  // from the last data of the other end to its first; -1 for none to answer
  TimeNs pause_ns = 0;  // the longest between two of its segments with new data
  TimeNs acked_ns =
      -1;  // when the other end acknowledged all of it; -1 if it did not, before it spoke itself
  std::uint64_t bytes = 0;
  std::uint32_t writes = 0;  // ended by PSH or FIN
  Side side = Side::A;
  bool overlaps = false;            // it began before all of the other's data had reached its sender
  bool retransmitted = false;       // what it answers was sent again meanwhile
  bool change_cipher_spec = false;  // it begins with that record of TLS: one end's last word of a handshake
};

struct TurnResults {
  static constexpr std::size_t kTurnsKept = 64;

  PerSide<std::uint64_t> turns{};  // by who spoke
  PerSide<std::uint64_t> overlapping{};
  // What it sends is no answer, but comes by a clock of its own: at intervals that differ far less than its
  // waits, or as heartbeats that both ends exchange.
  PerSide<bool> own_pace{};
  PerSide<std::uint64_t> several_writes{};  // turns of more than one write: perhaps of more than one message
  PerSide<std::uint64_t> bytes{};
  PerSide<LogSketch> waits;        // of the turns that answer and do not overlap: Turn::wait_ns
  PerSide<LogSketch> write_sizes;  // octets, not times
  std::vector<Turn> first;         // of all, the first kTurnsKept
  std::optional<Turn> last;
};

}  // namespace tcpautopsy

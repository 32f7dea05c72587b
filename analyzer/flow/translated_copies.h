// Connections captured on both sides of an address translation: the same packets twice, one address or port
// rewritten.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

// Compares SYNs, SYN-ACKs and the first segments of connections begun before the capture, each with those of
// the last moments: a NAT leaves both numbers, the IP ID and the timestamp alone, and no two connections
// agree in all of them.
class TranslatedCopies {
 public:
  TranslatedCopies() : slots_(kSlots) {}

  // A SYN or SYN-ACK of connection `flow`, or its first segment.
  void note(const TcpSegment& segment, const FrameRef& frame, std::uint64_t flow);
  // The connection that was captured before `flow`, of the same packets.
  std::optional<std::uint64_t> original_of(std::uint64_t flow) const;
  // When it is over.
  void forget(std::uint64_t flow) { originals_.erase(flow); }

  std::uint64_t found() const { return found_; }
  const FrameRef& first() const { return first_; }

 private:
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kMost = std::size_t{1} << 16;  // connections at one time
  struct Slot {
    std::uint64_t print = 0, flow = 0;
    TimeNs time_ns = 0;
  };

  std::vector<Slot> slots_;
  std::unordered_map<std::uint64_t, std::uint64_t> originals_;
  std::uint64_t found_ = 0;
  FrameRef first_;
};

}  // namespace tcpautopsy

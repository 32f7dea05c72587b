// A packet by its place: what verdicts name, so that findings can cite its frame without seeing the packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

using RecordIndex = std::size_t;  // into FlowTrace::records
constexpr RecordIndex kNoRecord = std::numeric_limits<RecordIndex>::max();

struct SegmentRef {
  RecordIndex record = kNoRecord;
  FrameRef frame;

  explicit operator bool() const { return record != kNoRecord; }
  TimeNs time_ns() const { return frame.time_ns; }
};

// Of its header, what is alike in all that one program on one host sends first, and its IP ID.
struct HeaderLook {
  std::uint8_t ttl = 0;
  std::uint16_t window = 0;
  std::optional<std::uint32_t> ip_id;
};

}  // namespace tcpautopsy

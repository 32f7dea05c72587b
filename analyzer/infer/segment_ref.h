// A packet by its place: what verdicts name, so that findings can cite its frame without seeing the packet.
#pragma once

#include <cstddef>
#include <limits>

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

}  // namespace tcpautopsy

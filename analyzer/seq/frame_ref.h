// Where a segment stands in the capture.
#pragma once

#include <cstdint>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// The file's rank among the inputs, and the frame within that file.
struct FrameRef {
  std::uint32_t file = 0;
  std::uint64_t number = 0;
  TimeNs time_ns = 0;
};

}  // namespace tcpautopsy

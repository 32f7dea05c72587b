// Which of two packets comes first: frames are counted file by file, and files may be named in any order.
#pragma once

#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

inline bool comes_before(const FrameRef& a, const FrameRef& b) {
  return a.file == b.file ? a.number < b.number : a.time_ns < b.time_ns;
}

}  // namespace tcpautopsy

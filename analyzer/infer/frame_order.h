// Which of two packets comes first in the inputs, whose frames are counted file by file.
#pragma once

#include <tuple>

#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

inline bool comes_before(const FrameRef& a, const FrameRef& b) {
  return std::tie(a.file, a.number) < std::tie(b.file, b.number);
}

}  // namespace tcpautopsy

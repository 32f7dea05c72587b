// What of a frame is about TCP.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::plugin {

struct FoundParts {
  std::vector<TcpSegment> segments;  // outermost first
  std::optional<IcmpError> error;    // in place of them

  void clear() {
    segments.clear();
    error.reset();
  }
};

}  // namespace tcpautopsy::plugin

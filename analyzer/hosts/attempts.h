// Connections tried, by service and by source: when, how many at once, and what became of them.
#pragma once

#include <span>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

struct FlowMark;

class Attempts {
 public:
  void note(const FlowHistory& flow, std::span<const FlowMark> marks);
  void merge(const Attempts& part);
};

}  // namespace tcpautopsy

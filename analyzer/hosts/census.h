// How many endpoints of each host and service are in each state, over time.
#pragma once

#include <span>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

struct FlowMark;

class Census {
 public:
  void note(const FlowHistory& flow, std::span<const FlowMark> marks);
  void merge(const Census& part);
};

}  // namespace tcpautopsy

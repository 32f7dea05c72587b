// What the connections of a service carried: octets sent again, response times, exchanges a connection.
#pragma once

#include <span>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

struct FlowMark;

class Exchanges {
 public:
  void note(const FlowHistory& flow, std::span<const FlowMark> marks);
  void merge(const Exchanges& part);
};

}  // namespace tcpautopsy

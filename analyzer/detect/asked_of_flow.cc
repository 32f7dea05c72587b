#include "analyzer/detect/asked_of_flow.h"

namespace tcpautopsy {

AskedOfFlow::AskedOfFlow(const FlowHistory& flow)
    : flow_(flow), opened_plainly_(tcpautopsy::opened_plainly(flow)) {}

bool AskedOfFlow::opened_oddly() const {
  return !opened_plainly_ && !flow_.trace.self_connection && !flow_.trace.one_sided();
}

const OpenFacts& AskedOfFlow::opening() const {
  if (!opening_) opening_ = open_facts(flow_);
  return *opening_;
}

}  // namespace tcpautopsy

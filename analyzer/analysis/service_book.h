// Which services completed connections, and when: what a detector may know beyond its own flow.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "analyzer/detect/detector.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// Keeps the latest completions of each service (bounded). Flows are noted as they are concluded, so a flow
// concluded early sees those before it; may undercount, never overcounts.
class ServiceBook : public ServiceView {
 public:
  void note(const FlowHistory& flow);
  std::uint64_t completed_near(const EndpointAddress& server, std::uint64_t except, TimeNs around_ns,
                               TimeNs window) const override;

 private:
  static constexpr std::size_t kKeptPerService = 256;
  static constexpr std::size_t kMostServices = 65536;
  std::map<EndpointAddress, std::deque<std::pair<TimeNs, std::uint64_t>>> completions_;  // time and flow
};

}  // namespace tcpautopsy

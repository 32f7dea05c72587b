// What is said once of a whole capture.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "analyzer/detect/detector.h"
#include "analyzer/detect/finding.h"
#include "analyzer/flow/capture_facts.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// packet_duplicated, if the capture has most packets of some hosts twice.
std::optional<Finding> duplicates_finding(const CaptureFacts& facts, TimeNs last_ns);

// Gathers the ends whose TCP checksums the capture saw before their network card filled them in.
class OffloadBook {
 public:
  void note(const FlowHistory& flow);
  std::optional<Finding> finding() const;  // bad_checksum

 private:
  static constexpr std::size_t kMostHosts = 1024;

  std::set<IpAddress> hosts_;  // as many as are counted
  FrameRef first_, last_;
  std::uint64_t ends_ = 0, segments_ = 0;
};

}  // namespace tcpautopsy

// Runs the analysis on segments made by tests: what Analysis does with a file, without the file.
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/flow/flow_table.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/historian.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy {

// Something the capture holds.
struct Captured {
  FrameRef frame;
  std::variant<TcpSegment, IcmpError> what;
  std::vector<std::uint8_t> payload;  // owns what TcpSegment::payload views
};

struct ConcludeSettings {
  Profile profile;
  TimeNs capture_end_ns = 0;
  bool keep_all = false;  // no segment is folded
  bool long_way = false;  // FlowOptions::long_way
  CaptureLoss capture_loss = CaptureLoss::OnEvidence;
  Thresholds thresholds;
  std::uint64_t services = 0;  // what ServiceView::completed_near answers
};

struct Concluded {
  FlowHistory history;
  Findings findings;
};

struct Conclusions {
  std::vector<Concluded> flows;  // in order of their numbers
  Findings host_findings;
  std::vector<std::optional<std::uint64_t>> flow_of;  // flow number of each input
};

Conclusions conclude(const std::vector<Captured>& input, const ConcludeSettings& settings);

// The flow that holds a record of that frame, and the record; nullptr where there is none (folded, or not
// TCP).
struct Located {
  const Concluded* flow = nullptr;
  RecordIndex record = kNoRecord;
};
Located locate(const std::vector<Concluded>& flows, std::uint64_t frame);

}  // namespace tcpautopsy

#include <algorithm>
#include <unordered_map>

#include "analyzer/detect/detector.h"
#include "analyzer/detect/signs.h"

namespace tcpautopsy {

#define TCPAUTOPSY_DETECTOR(id)  \
  namespace detectors_in_files { \
  extern const Detector id;      \
  }
#include "detectors.inc"
#undef TCPAUTOPSY_DETECTOR

const std::vector<const Detector*>& detectors() {
  static const std::vector<const Detector*> all{
#define TCPAUTOPSY_DETECTOR(id) &detectors_in_files::id,
#include "detectors.inc"
#undef TCPAUTOPSY_DETECTOR
  };
  return all;
}

const Detector* find_detector(std::string_view id) {
  static const auto by_id = [] {
    std::unordered_map<std::string_view, const Detector*> known;
    for (const Detector* detector : detectors()) known.emplace(detector->doc.id, detector);
    return known;
  }();
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : found->second;
}

namespace {

void order(Findings& found) {
  if (found.size() < 2) return;
  std::stable_sort(found.begin(), found.end(), [](const Finding& a, const Finding& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.id < b.id;
  });
}

// Those of flows, with what is looked at for each of them.
struct OfFlows {
  Needs needs;
  const Detector* detector;
};

const std::vector<OfFlows>& detectors_of_flows() {
  static const auto of_flows = [] {
    std::vector<OfFlows> found;
    for (const Detector* detector : detectors())
      if (detector->examine != nullptr || detector->examine_end != nullptr)
        found.push_back({detector->needs, detector});
    return found;
  }();
  return of_flows;
}

}  // namespace

Findings examine(const DetectContext& context) {
  Findings found;
  const Needs signs = signs_of(context);
  for (const auto& [needs, detector] : detectors_of_flows()) {
    if (!has_all(signs, needs)) continue;
    if (detector->examine != nullptr) detector->examine(context, found);
    if (detector->examine_end == nullptr) continue;
    for (const Side side : {Side::A, Side::B}) detector->examine_end(context, side, found);
  }
  order(found);
  return found;
}

Findings examine_hosts(const HostContext& context) {
  Findings found;
  for (const Detector* detector : detectors())
    if (detector->examine_hosts != nullptr) detector->examine_hosts(context, found);
  order(found);
  return found;
}

}  // namespace tcpautopsy

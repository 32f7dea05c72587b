#include <algorithm>

#include "analyzer/detect/detector.h"

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
  const auto& all = detectors();
  const auto found =
      std::find_if(all.begin(), all.end(), [id](const Detector* d) { return d->doc.id == id; });
  return found == all.end() ? nullptr : *found;
}

namespace {

void order(Findings& found) {
  std::stable_sort(found.begin(), found.end(), [](const Finding& a, const Finding& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.id < b.id;
  });
}

}  // namespace

Findings examine(const FlowHistory& flow, const ServiceView& services) {
  Findings found;
  const DetectContext context{flow, services};
  for (const Detector* detector : detectors())
    if (detector->examine != nullptr) detector->examine(context, found);
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

// The options of the public interface, checked.
#pragma once

#include "analyzer/analysis/analysis.h"
#include "tcpautopsy/analysis.h"

namespace tcpautopsy::v1 {

// Throws Error of kind Option.
AnalysisOptions settings_of(const Options& options);
void check(const Detector& detector, const std::vector<Detector>& others);

}  // namespace tcpautopsy::v1

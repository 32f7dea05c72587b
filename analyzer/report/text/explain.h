// The manual of findings: what `tcpautopsy explain` prints, from the detectors themselves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// With the thresholds in force; `examples`: with the scripts that test it.
std::string explain_text(const Detector& detector, const Thresholds& thresholds, const TextStyle& style,
                         bool examples);
std::string explain_markdown(const Detector& detector, const Thresholds& thresholds, bool examples);
std::string explain_json(const Detector& detector, const Thresholds& thresholds);  // one object, no newline

// All findings with severity and title, under their phases, in the order given.
std::string explain_list(const std::vector<const Detector*>& detectors, const TextStyle& style);

// Of `known`, what `wrong` may have meant, closest first, at most five.
std::vector<std::string_view> near_words(std::string_view wrong, const std::vector<std::string_view>& known);
// The same of the detectors' ids.
std::vector<std::string_view> near_matches(std::string_view wrong,
                                           const std::vector<const Detector*>& detectors);

}  // namespace tcpautopsy

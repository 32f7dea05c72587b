// The report itself: `tcpautopsy report`.
#pragma once

#include <string>

#include "analyzer/report/summary/summary.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// The first screen holds the whole; below it each error and warning with its evidence.
std::string summary_text(const Summary& summary, const TextStyle& style);
std::string summary_markdown(const Summary& summary);
// One JSON object and a newline.
std::string summary_json(const Summary& summary);

}  // namespace tcpautopsy

// The report itself: `tcpautopsy report`.
#pragma once

#include <string>

#include "analyzer/report/summary/summary.h"
#include "analyzer/report/summary/timeline.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// What an engineer needs first: at most `lines` lines, none of them cut. What was read, how connections
// ended, the worst incidents in two lines each, and how to see the rest.
std::string first_screen(const Summary& summary, const TextStyle& style, std::size_t lines = 24);
// All of it: incidents, findings by kind, traffic over time where `timeline` is given, services, times, and
// each error and warning with its evidence.
std::string summary_text(const Summary& summary, const TextStyle& style, const Timeline* timeline = nullptr);
std::string summary_markdown(const Summary& summary);
// One JSON object and a newline.
std::string summary_json(const Summary& summary);

}  // namespace tcpautopsy

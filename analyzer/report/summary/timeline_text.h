// A report's timeline as lines of characters: throughput, retransmissions and connections over time.
#pragma once

#include <string>

#include "analyzer/report/summary/timeline.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// Without heading; empty where nothing happened, or all at one moment. Drawn in ASCII where style.bars is
// None.
std::string timeline_text(const Timeline& timeline, const TextStyle& style);

}  // namespace tcpautopsy

// What the detectors of data sent again have in common.
#pragma once

#include <string>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {

// The wait of the incidents in words: "after 220 ms", "after at most 1.7 s".
std::string longest_wait_text(const Incidents& incidents);
// Puts incidents into a finding as count, frames and waits.
void tell(Finding& finding, const Incidents& incidents);

}  // namespace tcpautopsy

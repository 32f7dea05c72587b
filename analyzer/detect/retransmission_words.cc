#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {

std::string longest_wait_text(const Incidents& incidents) {
  return (incidents.count() == 1 ? "after " : "after at most ") + duration_text(incidents.longest_ns());
}

void tell(Finding& finding, const Incidents& incidents) {
  cite(finding, incidents);
  finding.count = incidents.count();
}

}  // namespace tcpautopsy

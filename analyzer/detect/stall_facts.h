// What several detectors of the transfer need to agree on: which end met silence, and of what kind.
#pragma once

#include <optional>

#include "analyzer/infer/flow_history.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {

// Keep-alive probes of one end that nothing answered.
struct ProbesUnanswered {
  bool by_reset = false;  // the prober reset the connection; else it fell silent
  TimeNs waited_ns = 0;   // from the first of them to the RST or the capture's end
};
std::optional<ProbesUnanswered> probes_unanswered(const FlowHistory& flow, Side prober);

// The window that `advertiser` closed on its peer's data never opened again.
struct WindowStuck {
  TimeNs closed_ns = 0;         // to the capture's end
  bool answers_probes = false;  // its last probe has an answer; false too where it sent none
  bool unanswered = false;      // probes met silence
};
std::optional<WindowStuck> window_stuck(const FlowHistory& flow, Side advertiser);

// Data of `sender` met silence: sent again three times or more with back-off, and nothing from the peer
// since.
struct DataUnanswered {
  TimeNs waited_ns = 0;     // from its first sending to the last resend
  TimeNs silence_ns = 0;    // from the last resend to the capture's end
  bool gave_up = false;     // the next step was due and did not come
  bool by_profile = false;  // and as many were sent as the profile allows
};
std::optional<DataUnanswered> data_unanswered(const FlowHistory& flow, Side sender);

// Of incidents that there are.
FrameRef first_frame(const Incidents& incidents);
FrameRef last_frame(const Incidents& incidents);

}  // namespace tcpautopsy

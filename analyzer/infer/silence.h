// Which end met silence, and of what kind.
#pragma once

#include <optional>

#include "analyzer/infer/path_errors.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/transfer/incidents.h"

namespace tcpautopsy {

struct FlowHistory;

// Keep-alive probes of one end that nothing answered.
struct ProbesUnanswered {
  bool by_reset = false;  // the prober reset the connection; else it fell silent
  TimeNs waited_ns = 0;   // from the first of them to the RST or the capture's end
};

// The window that an end closed on its peer's data never opened again.
struct WindowStuck {
  TimeNs closed_ns = 0;         // to the RST or the capture's end
  bool by_reset = false;        // the peer, which had data to send, reset the connection meanwhile
  bool answers_probes = false;  // its last probe has an answer; false too where it sent none
  bool unanswered = false;      // probes met silence
};

// Data met silence: sent again three times or more with back-off, and nothing from the peer since.
struct DataUnanswered {
  TimeNs waited_ns = 0;                  // from its first sending to the last resend
  TimeNs silence_ns = 0;                 // from the last resend to the capture's end
  bool gave_up = false;                  // the next step was due and did not come
  bool by_profile = false;               // and as many were sent as the profile allows
  std::optional<RefusingError> refused;  // the first ICMP error about it: not all is silence
};

// The first data after 30 s or more of silence was answered by RST, or not at all: who should have taken them
// had forgotten the connection.
struct ForgottenWhileIdle {
  TimeNs silence_ns = 0;
  FrameRef before, data;          // the last segment before the silence, the first data after it
  std::optional<FrameRef> reset;  // the answer
  Incidents retransmissions;      // of the data, where there was none
  bool peer_never_heard = false;  // nothing shows that the peer's handshake was ever complete
};

// Of one end; nothing where only one direction was captured.
struct Silence {
  std::optional<ProbesUnanswered> probes;       // its own
  std::optional<DataUnanswered> data;           // its own
  std::optional<WindowStuck> window;            // that it advertised
  std::optional<ForgottenWhileIdle> forgotten;  // its peer, or the path to it
};

// A RST that its receiver took ended it.
bool was_reset(const FlowHistory& flow);

// Fills the history's `silences`; needs its `opening`, `closing` and `close`.
void find_silences(FlowHistory& history);

}  // namespace tcpautopsy

// Each RST by its numbers and what follows it: whether its receiver takes it, what it answers, and whether
// its sender goes on. The one place that decides this: observations, outcome and verdicts all read it here.
#pragma once

#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/segment_ref.h"

namespace tcpautopsy {

// Firewalls and NATs forget connections after such a time, and some say so by a RST in the endpoint's name.
inline constexpr TimeNs kForgottenAfter = 30 * kSecond;

struct ResetReading {
  RecordIndex record = kNoRecord;
  RecordIndex answers = kNoRecord;  // the segment from whose ACK field it took its number (RFC 9293 3.5.2)
  RecordIndex goes_on = kNoRecord;  // a later segment by which its sender goes on with the connection
  bool beyond_window = false;       // its receiver drops it (RFC 9293 3.10.7.4, first check)
  bool inexact = false;  // in the window, but not RCV.NXT as far as that is known: a challenge ACK answers it
                         // (RFC 5961 3.2)
  bool odd_sequence = false;  // outside the window, and a number that neither its sender nor an answer by it
                              // would use

  bool damaged = false;  // on the way, by its checksum: its receiver drops it (RFC 9293 3.1)

  bool forged() const { return goes_on != kNoRecord || odd_sequence; }
};

// All RSTs of the connection, packets captured twice too, in order. Linear in the records for each RST.
void read_resets(const FlowTrace& trace, std::vector<ResetReading>& readings);

}  // namespace tcpautopsy

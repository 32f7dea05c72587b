// What Probes found of one end.
#pragma once

#include <cstdint>

#include "analyzer/transfer/incidents.h"

namespace tcpautopsy {

// Data sent again by the timer with nothing heard from the peer since the first of these.
struct UnheardFacts {
  Incidents retransmissions;  // of one burst the first only
  TimeNs first_sent_ns = 0;   // last new data or resend before them
  TimeNs last_step_ns = 0;    // between the last two
  bool backed_off = false;    // a step was about twice the one before, or more
  TimeNs heard_ns = 0;        // the peer's last segment; 0 for none
};

// The first data after a long silence of both ends, and what came of it.
struct SilenceFacts {
  TimeNs silence_ns = 0;      // 0: there was none, or the peer answered
  FrameRef before;            // the last segment before it
  FrameRef data;              // the first data after it
  bool survived = false;      // a silence as long, or nearly, was answered before
  bool reset = false;         // the peer answered with a RST
  FrameRef answer;            // that RST
  Incidents retransmissions;  // of the data, unanswered
};

// Segments above a size that do not arrive while smaller ones do.
struct StuckSizeFacts {
  std::uint32_t size = 0;      // payload of the segment that was sent again and again; 0: there is none
  std::uint32_t passed = 0;    // the largest payload shown to have arrived
  Incidents sendings;          // again, of that segment
  TimeNs lasted_ns = 0;        // from the first resend to its acknowledgment or the last
  bool small_sacked = false;   // a smaller one that was sent after it arrived before it
  bool passed_before = false;  // segments of that size had arrived: the path is another now
  bool heard = false;          // the peer went on answering, without news of it
  bool freed = false;          // acknowledged in the end
  std::uint32_t freed_by = 0;  // payload of the sending just before that; less than `size`: it was cut up
};

struct ProbeResults {
  Incidents keepalives;         // probes that it sent, answered or not
  std::uint64_t answered = 0;   // of them
  TimeNs idle_ns = 0;           // before the first
  TimeNs shortest_step_ns = 0;  // between two with no data between; 0 with fewer than two
  TimeNs longest_step_ns = 0;
  Incidents unanswered;        // those after the peer was last heard
  bool reset_by_peer = false;  // the last answer was a RST
  bool reset_itself = false;   // its own RST came after `unanswered`
  FrameRef reset;              // either of these
  UnheardFacts unheard;
  SilenceFacts silence;
  StuckSizeFacts stuck;
};

}  // namespace tcpautopsy

// Connections of which nothing but one SYN passed, as floods and scans leave them by the thousand: what
// follows from the SYN is worked out once for all that look alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/segment_journal.h"

namespace tcpautopsy {

struct FinishedFlow;

// Exact: all that is told is what FlowTracker told of the first of them, but for what a SYN has to itself:
// ends, numbers, frame, and what is only written down of its header and options. One SYN alone lasts no time
// and has nothing to be compared with, so that no result rests on these.
class LoneSyns {
 public:
  // Whether a plain SYN is all that is known of the flow. The other calls are about the flow read last.
  bool read(const FinishedFlow& flow);
  // False: none that looked alike is known, and nothing was told.
  bool tell(const FinishedFlow& flow, EndedFlow& ended) const;
  // What FlowTracker told of it.
  void keep(const EndedFlow& ended);

 private:
  struct Known {
    std::uint32_t look = 0;
    EndedFlow ended;
  };
  static constexpr std::size_t kMost = 32;

  static bool plain(const JournalEntry& entry);
  static std::uint32_t look_of(const TcpSegment& syn);
  void fill_in(const FinishedFlow& flow, FlowTrace& trace) const;

  JournalEntry syn_;
  std::uint32_t look_ = 0;
  std::vector<Known> known_;
};

}  // namespace tcpautopsy

// What the table of flows found about the capture as a whole.
#pragma once

#include <cstdint>

#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

struct CaptureFacts {
  std::uint64_t flows = 0;
  std::uint64_t copies_dropped = 0;  // packets captured twice (SPAN, "any" device), left out of the analysis
  std::uint64_t copied_pairs = 0;    // host pairs or interfaces of which most packets were captured twice
  FrameRef first_copy;               // number 0: none
  std::uint64_t halves_joined = 0;   // one-sided flows joined although VLAN or tunnel differ
  std::uint64_t translated_copies = 0;  // connections captured on the other side of a NAT too
  FrameRef first_translated;
  // Bounds that were met.
  std::uint64_t incarnations_ended = 0;  // ended before their time: too many of one 4-tuple were live
  std::uint64_t ended_for_memory = 0;    // ended before their time: those live took more than they may
  std::uint64_t syns_not_held = 0;  // SYNs in live connections, begun at once: too many waited to be told
  std::uint64_t translated_not_kept = 0;  // segments behind a NAT: too many of its connections were live
};

}  // namespace tcpautopsy

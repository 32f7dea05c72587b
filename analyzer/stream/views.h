// What the parts of the transfer analysis are told beside a segment.
#pragma once

#include "analyzer/stream/probe_kind.h"
#include "analyzer/stream/sender_view.h"

namespace tcpautopsy {

struct Views {
  const SenderView& own;   // what was seen of the sender's sending before the segment
  const SenderView& peer;  // of the receiver's
  ProbeKind probe;         // what the segment is, by these
};

}  // namespace tcpautopsy

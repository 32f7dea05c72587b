// A segment on its way to its flow.
#pragma once

#include <cstdint>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_key.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

struct Arrival {
  Arrival(const TcpSegment& s, const FrameRef& f, bool is_copy = false)
      : segment(s),
        frame(f),
        key(FlowKey::of(s.source, s.destination, s.encapsulation, from_low)),
        ends(hash_ends(key)),
        hash(hash_of(key, ends)),
        copy(is_copy) {}

  const TcpSegment& segment;
  const FrameRef& frame;
  bool from_low = false;
  FlowKey key;
  std::uint64_t ends, hash;      // of the key without and with its encapsulation
  bool copy;                     // of a packet that was captured before
  bool may_be_copy = false;      // not told apart from one that a host sent again
  bool tells_of_copies = false;  // so too, though hosts seldom do
};

}  // namespace tcpautopsy

#include "analyzer/flow/live_side.h"

#include <algorithm>

namespace tcpautopsy {

SynOptions SynOptions::of(const TcpOptions& o) {
  SynOptions s;
  s.ts_val = o.ts_val;
  s.ts_ecr = o.ts_ecr;
  s.mss = o.mss;
  s.window_scale = o.window_scale;
  s.cookie_length = o.fast_open_cookie_length;
  s.has_mss = o.has_mss;
  s.has_window_scale = o.has_window_scale;
  s.sack_permitted = o.sack_permitted;
  s.has_timestamps = o.has_timestamps;
  s.fast_open = o.fast_open;
  s.multipath = o.multipath;
  s.malformed = o.malformed;
  s.cut = o.cut;
  return s;
}

TcpOptions SynOptions::full() const {
  TcpOptions o;
  o.ts_val = ts_val;
  o.ts_ecr = ts_ecr;
  o.mss = mss;
  o.window_scale = window_scale;
  o.fast_open_cookie_length = cookie_length;
  o.has_mss = has_mss;
  o.has_window_scale = has_window_scale;
  o.sack_permitted = sack_permitted;
  o.has_timestamps = has_timestamps;
  o.fast_open = fast_open;
  o.multipath = multipath;
  o.malformed = malformed;
  o.cut = cut;
  return o;
}

StreamOffset LiveSide::checkpoint(const LiveSide& peer) const {
  if (!sent.started()) return peer.has_acked ? peer.acked_max : 1;
  return peer.has_acked ? std::max(sent.sent_max(), peer.acked_max) : sent.sent_max();
}

void LiveSide::set_base(Seq at_zero) {
  base = at_zero;
  origin = 0;
  has_base = true;
}

void LiveSide::took(std::int64_t round_trip_ns, bool handshake) {
  const std::int64_t took_ns = std::max<std::int64_t>(round_trip_ns, 0);
  if (handshake && rtt_handshake_ns < 0) rtt_handshake_ns = took_ns;
  if (rtt_min_ns < 0 || took_ns < rtt_min_ns) rtt_min_ns = took_ns;
}

}  // namespace tcpautopsy

// How long it took from the capture point to one end and back, by the acknowledgments of what was sent to it.
#pragma once

#include "analyzer/transfer/log_sketch.h"

namespace tcpautopsy {

class RoundTrips {
 public:
  // From a segment to the ACK that covers it; never of one sent more than once, unless timestamps tell which
  // sending was answered (RFC 6298 3, RFC 7323 4.1). `octets` is what the ACK took off, `full_size` a
  // full-sized segment, `least_ns` the least round trip known, -1 if none.
  void add(TimeNs sample_ns, std::uint64_t octets, std::uint32_t full_size, std::int64_t least_ns);

  // Without the samples that a delayed ACK made longer.
  const LogSketch& spread() const { return spread_; }
  std::uint64_t delayed() const { return delayed_; }  // samples left out for that
  // RFC 6298 2, of all samples, as the sender has them; 0 before the first.
  TimeNs smoothed_ns() const { return srtt_ns_; }
  TimeNs variation_ns() const { return rttvar_ns_; }

 private:
  LogSketch spread_;
  TimeNs srtt_ns_ = 0, rttvar_ns_ = 0;
  std::uint64_t delayed_ = 0;
};

}  // namespace tcpautopsy

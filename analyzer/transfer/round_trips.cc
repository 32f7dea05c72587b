#include "analyzer/transfer/round_trips.h"

namespace tcpautopsy {
namespace {

// The shortest delayed-ACK timer in wide use is 40 ms (RFC 9293 3.8.6.3 allows 500 ms).
constexpr TimeNs kLeastDelay = 30 * kMillisecond;

}  // namespace

void RoundTrips::add(TimeNs sample, std::uint64_t octets, std::uint32_t full_size, std::int64_t least) {
  if (sample < 0) return;
  if (srtt_ns_ == 0) {
    srtt_ns_ = sample;
    rttvar_ns_ = sample / 2;
  } else {
    const TimeNs error = sample > srtt_ns_ ? sample - srtt_ns_ : srtt_ns_ - sample;
    rttvar_ns_ += (error - rttvar_ns_) / 4;
    srtt_ns_ += (sample - srtt_ns_) / 8;
  }
  // An ACK of less than two full-sized segments may have waited for the timer or for data to ride on
  // (RFC 5681 4.2); one of more was sent at once.
  if (octets < 2ULL * full_size && least >= 0 && sample > least + kLeastDelay) {
    ++delayed_;
    return;
  }
  spread_.add(sample);
}

}  // namespace tcpautopsy

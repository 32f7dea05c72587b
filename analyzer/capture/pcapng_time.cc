#include <algorithm>

#include "analyzer/capture/pcapng_format.h"

namespace tcpautopsy::pcapng {
namespace {

__extension__ typedef __int128 Wide;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kLimit = std::int64_t{1} << 62;

}  // namespace

void TimeScale::set_resolution(std::uint8_t tsresol) {
  constexpr unsigned kPowerOfTwo = 0x80;
  constexpr unsigned kNanoDigits = 9, kMaxDigits = 19;
  const unsigned exponent = tsresol & 0x7fU;
  multiplier_ = divisor_ = 1;
  shift_ = 0;
  if (tsresol & kPowerOfTwo) {
    multiplier_ = kNsPerSecond;
    shift_ = exponent;
    return;
  }
  for (unsigned digits = exponent; digits < kNanoDigits; ++digits) multiplier_ *= 10;
  // Finer than that, 64 bits of ticks come to less than one nanosecond.
  for (unsigned digits = kNanoDigits; digits < std::min(exponent, kNanoDigits + kMaxDigits); ++digits)
    divisor_ *= 10;
}

std::int64_t TimeScale::ns(std::uint64_t ticks) const {
  Wide ns = static_cast<Wide>(ticks) * static_cast<Wide>(multiplier_);
  if (divisor_ > 1) ns /= static_cast<Wide>(divisor_);
  ns = (ns >> shift_) + static_cast<Wide>(offset_s_) * kNsPerSecond;
  return static_cast<std::int64_t>(std::clamp<Wide>(ns, -Wide{kLimit}, Wide{kLimit}));
}

}  // namespace tcpautopsy::pcapng

// Arithmetic of times that cannot overflow: a result beyond 63 bits is held at the nearest bound. Captures
// are hostile: their times jump by a century from packet to packet, and sums of waits have no bound.
#pragma once

#include <limits>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

constexpr TimeNs add_sat(TimeNs a, TimeNs b) {
  TimeNs sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
}

constexpr TimeNs sub_sat(TimeNs a, TimeNs b) {
  TimeNs difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b > 0 ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
}

constexpr TimeNs mul_sat(TimeNs time, TimeNs times) {
  TimeNs product = 0;
  if (!__builtin_mul_overflow(time, times, &product)) return product;
  return (time < 0) != (times < 0) ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
}

}  // namespace tcpautopsy

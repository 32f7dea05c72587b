// Where the time of a connection went: every nanosecond from its first packet to its last has one cause.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// What held the data of an end back. time.md has the rules and how each may err.
enum class HeldBy : std::uint8_t {
  Handshake,
  Application,      // the end had its turn and took its time
  LongApplication,  // the same, when it took so long that only its role tells whether the connection was idle
  Sender,           // in the middle of its turn it had nothing to send, or no room in its buffer
  ReceiveWindow,    // its peer's
  SlowStart,        // its congestion window while that still opened
  CongestionWindow,  // after that
  LossRecovery,
  NagleDelayedAck,
  ZeroWindow,  // of its peer
  Network,     // the round trip that its answer needs anyway
  Idle,
  Closing,
};
constexpr std::size_t kHolds = static_cast<std::size_t>(HeldBy::Closing) + 1;
constexpr std::size_t index(HeldBy cause) { return static_cast<std::size_t>(cause); }

// From here on a silence in which nothing is owed counts as idle.
constexpr TimeNs kIdleFrom = 10 * kSecond;

struct TimeResults {
  PerSide<std::array<TimeNs, kHolds>> ns{};  // by whose data waited
  bool opening_seen = false;                 // the first segment that was followed was a SYN

  // Without the time in which an application took its turn, or nothing was owed.
  TimeNs busy_ns() const {
    TimeNs sum = 0;
    for (const auto& side : ns)
      for (std::size_t cause = 0; cause < kHolds; ++cause) {
        const auto by = static_cast<HeldBy>(cause);
        if (by != HeldBy::Application && by != HeldBy::LongApplication && by != HeldBy::Idle)
          sum += side[cause];
      }
    return sum;
  }
};

}  // namespace tcpautopsy

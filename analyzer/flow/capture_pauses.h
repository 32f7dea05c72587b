// Stretches in which the capture holds no TCP packet of any connection.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "analyzer/seq/saturating.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Captures of different days read as one, or one that was stopped: that a connection was silent meanwhile
// tells nothing of it.
class CapturePauses {
 public:
  // Keep-alives, the longest silence of a connection that lives, come every two hours unless told otherwise
  // (RFC 9293 3.8.4).
  static constexpr TimeNs kLeast = 24 * 3600 * kSecond;

  // A packet passes at `now_ns`, after one at `last_ns`.
  void pass(TimeNs last_ns, TimeNs now_ns) {
    if (doubtful_ || sub_sat(now_ns, last_ns) >= kLeast) judge(last_ns, now_ns);
  }
  bool any() const { return !begins_.empty(); }
  // When the first one began of those at or after `ns`.
  std::optional<TimeNs> since(TimeNs ns) const {
    const auto it = std::lower_bound(begins_.begin(), begins_.end(), ns);
    return it == begins_.end() ? std::nullopt : std::optional(*it);
  }

 private:
  static constexpr std::size_t kMost = 4096;  // the first: of later ones nothing is known

  void judge(TimeNs last_ns, TimeNs now_ns) {
    // One packet with a clock gone wrong, if the next lies before it: no pause.
    if (doubtful_ && now_ns < add_sat(begins_.back(), kLeast)) begins_.pop_back();
    doubtful_ = false;
    const bool in_order = begins_.empty() || last_ns > begins_.back();
    if (sub_sat(now_ns, last_ns) < kLeast || begins_.size() == kMost || !in_order) return;
    begins_.push_back(last_ns);
    doubtful_ = true;
  }

  std::vector<TimeNs> begins_;  // in order
  bool doubtful_ = false;       // the last rests on one packet as yet
};

}  // namespace tcpautopsy

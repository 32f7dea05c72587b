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
    if (sub_sat(now_ns, last_ns) < kLeast) return;
    if (begins_.size() == kMost) begins_.erase(begins_.begin());
    begins_.push_back(last_ns);
  }
  bool any() const { return !begins_.empty(); }
  // When the first one began of those at or after `ns`.
  std::optional<TimeNs> since(TimeNs ns) const {
    const auto it = std::find_if(begins_.begin(), begins_.end(), [ns](TimeNs begin) { return begin >= ns; });
    return it == begins_.end() ? std::nullopt : std::optional(*it);
  }

 private:
  static constexpr std::size_t kMost = 64;  // the latest

  std::vector<TimeNs> begins_;
};

}  // namespace tcpautopsy

// When a flow is over: nothing more can come of it that its capture could tell.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "analyzer/flow/live_flows.h"

namespace tcpautopsy {

class Endings {
 public:
  using Id = LiveFlows::Id;

  // As FlowOptions has them.
  Endings(LiveFlows& flows, TimeNs time_wait, TimeNs give_up)
      : flows_(flows), time_wait_(time_wait), give_up_(give_up) {}

  // The first packet's time, from which opened flows count.
  void begin_at(TimeNs begin_ns) { begin_ns_ = begin_ns; }
  // The flow saw a FIN or RST, or has a next incarnation: it is looked at once it was silent for long.
  void watch(Id id, LiveFlow& flow);
  // The flow has its first SYN, and perhaps never anything else.
  void watch_opening(Id id, TimeNs now);
  // Remembers only flows that are still there.
  void forget_gone();
  void forget_all();
  // A flow that is over by `now`, or kNone. It is the caller's to close before the next is asked for.
  Id next_over(TimeNs now) { return any_due(now) || any_given_up(now) ? find_over(now) : LiveFlows::kNone; }
  // The flow closed, and so long ago that by `now` it is over.
  bool closed_long_ago(LiveFlow& flow, TimeNs now) const {
    return flow.last_ns() + time_wait_ <= now && silent_enough(flow, now);
  }

 private:
  // A flow that ends, to be looked at again when it may be over.
  struct Due {
    TimeNs at_ns;
    Id flow;
    std::uint32_t number;  // its lower half: there may be one of each flow
    bool operator>(const Due& o) const { return at_ns > o.at_ns; }
  };
  // A flow that a SYN opened, to be looked at when that may have been all.
  struct Opened {
    std::uint32_t at_s;  // since the first packet
    Id flow;             // or one that came to have its id
  };
  enum class Look : std::uint8_t { Over, Later, NotAlone };

  bool any_due(TimeNs now) const { return !due_.empty() && due_.top().at_ns <= now; }
  bool any_given_up(TimeNs now) const {
    return !opened_.empty() && begin_ns_ + opened_.front().at_s * kSecond + give_up_ <= now;
  }
  Id find_over(TimeNs now);
  bool over(const Due& due, TimeNs now);
  bool over_at(TimeNs at_ns, const Due& due, TimeNs now);
  std::optional<TimeNs> wait_after(LiveFlow& flow) const;
  bool silent_enough(LiveFlow& flow, TimeNs now) const;
  Look look_at_opening(Id id, TimeNs now);

  LiveFlows& flows_;
  TimeNs time_wait_, give_up_, begin_ns_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::deque<Opened> opened_;
};

}  // namespace tcpautopsy

// How many endpoints are in each state over time: of a host, or of a service.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/hosts/timed_steps.h"
#include "analyzer/infer/tcp_state.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Endpoints came into a state, or left it.
struct StateChange {
  TimeNs at_ns = 0;
  TcpState state = TcpState::Unknown;
  std::int32_t by = 0;
};

// Sums of entries and departures by moment, rounded up to a step's end (see TimedSteps). What is told at the
// end of a step is always exact; a population that came and went within one step is not seen, so a peak may
// be understated, never overstated.
class Population {
 public:
  static constexpr std::size_t kMost = 4096;

  // An endpoint is in `state` from `from_ns` on, until `until_ns` if it leaves.
  void enter(TcpState state, TimeNs at_ns) { add({at_ns, state, 1}); }
  void leave(TcpState state, TimeNs at_ns) { add({at_ns, state, -1}); }
  void add(const StateChange& change) {
    if (change.state != TcpState::Unknown && change.state != TcpState::Closed)
      changes_.add(change.at_ns, {change.by, change.state});
  }
  void merge(const Population& part) { changes_.merge(part.changes_); }

  struct Peak {
    std::int64_t count = 0;
    TimeNs at_ns = 0;  // end of the first step with that count
  };
  Peak peak(TcpState state) const;
  std::int64_t at(TcpState state, TimeNs time_ns) const;  // at the end of the step that holds the time

  // Each moment with all counts as they are from then on; ordered by time.
  struct Moment {
    TimeNs at_ns = 0;
    std::array<std::int64_t, kStateCount> counts{};
  };
  std::vector<Moment> moments() const;
  TimeNs step_ns() const { return changes_.step_ns(); }
  bool empty() const { return changes_.empty(); }

 private:
  // Also kept where entries and departures cancel out: how coarse the steps are must not depend on the order.
  struct Change {
    std::int32_t by = 0;
    TcpState state = TcpState::Unknown;

    TcpState kind() const { return state; }
    void join(const Change& other) { by += other.by; }
    // The end of the step.
    static TimeNs coarser(TimeNs step, unsigned by) {
      const TimeNs floor = step >> by;
      return (floor << by) == step ? floor : floor + 1;
    }
  };

  TimedSteps<Change, kMost> changes_;
};

}  // namespace tcpautopsy

// How many endpoints are in each state over time: of a host, or of a service.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/infer/tcp_state.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Sums of entries and departures by moment. Moments are exact until there are kMost of them; then they are
// rounded up to ever longer steps (powers of two nanoseconds since the epoch), as few as needed. What is told
// at the end of a step is always exact; a population that came and went within one step is not seen, so a
// peak may be understated, never overstated. Whatever the order in which flows are noted and parts merged,
// the result is the same to the bit.
class Population {
 public:
  static constexpr std::size_t kMost = 4096;

  // An endpoint is in `state` from `from_ns` on, until `until_ns` if it leaves.
  void enter(TcpState state, TimeNs at_ns) { add(state, at_ns, 1); }
  void leave(TcpState state, TimeNs at_ns) { add(state, at_ns, -1); }
  void merge(const Population& part);

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
  TimeNs step_ns() const;
  bool empty() const { return changes_.empty(); }

 private:
  // Also kept where entries and departures cancel out: how coarse the steps are must not depend on the order.
  struct Change {
    TimeNs step = 0;  // its end, in steps of 1 << shift_
    std::int32_t by = 0;
    TcpState state = TcpState::Unknown;
  };

  void add(TcpState state, TimeNs at_ns, std::int32_t by);
  bool tail_is_long() const;
  void settle();  // sorts, joins, and coarsens as far as needed
  void join();    // changes of one step and state
  void coarsen(unsigned by);
  Population settled() const;

  std::vector<Change> changes_;
  std::size_t sorted_ = 0;  // changes before this are in order by step
  unsigned shift_ = 0;
};

}  // namespace tcpautopsy

// How many attempts began when, and with what outcome: of one service, in bounded room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/hosts/attempt.h"

namespace tcpautopsy {

// Attempts of one outcome that began within one step of time.
struct Tally {
  std::uint32_t count = 0;
  std::uint32_t syn_resent = 0, syn_ignored = 0, syn_due = 0;  // as in Attempt
  std::uint32_t ack_repeated = 0, ack_due = 0;
  TimeNs first_ns = 0, last_ns = 0;  // when the first and the last began
  TimeNs over_ns = 0;                // last packet of any of them
  TimeNs slowest_ns = 0;             // Completed: longest time from the first SYN to the ACK
  std::uint64_t flow = 0;            // the lowest number among them, and the frame of its SYN
  FrameRef syn;

  void merge(const Tally& other);
};

// Steps are exact moments until there are kMost of them, then powers of two nanoseconds as short as that
// allows. The same attempts, noted and merged in any order, give the same tallies to the bit.
class Tallies {
 public:
  static constexpr std::size_t kMost = 2048;

  void note(const Attempt& attempt);
  void merge(const Tallies& part);

  // By time: all outcomes of one step together.
  struct Step {
    TimeNs from_ns = 0;
    std::array<Tally, kOutcomes> by_outcome;

    const Tally& of(Outcome outcome) const { return by_outcome[static_cast<std::size_t>(outcome)]; }
    std::uint64_t total() const;
  };
  std::vector<Step> steps() const;
  TimeNs step_ns() const;

 private:
  struct Entry {
    TimeNs step = 0;  // its start, in steps of 1 << shift_
    Outcome outcome = Outcome::Unanswered;
    Tally tally;
  };

  void join();
  void settle();
  void coarsen(unsigned by);
  Tallies settled() const;

  std::vector<Entry> entries_;
  std::size_t sorted_ = 0;
  unsigned shift_ = 0;
};

}  // namespace tcpautopsy

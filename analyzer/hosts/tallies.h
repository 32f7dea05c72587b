// How many attempts began when, and with what outcome: of one service, in bounded room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/hosts/attempt.h"
#include "analyzer/hosts/timed_steps.h"

namespace tcpautopsy {

// Attempts of one outcome that began within one step of time.
struct Tally {
  std::uint32_t count = 0;
  std::uint32_t syns = 0, given_up = 0, rst_ignored = 0;       // as in Attempt
  std::uint32_t syn_resent = 0, syn_ignored = 0, syn_due = 0;  // as in Attempt
  std::uint32_t ack_repeated = 0, ack_due = 0;
  TimeNs first_ns = 0, last_ns = 0;  // when the first and the last began
  TimeNs over_ns = 0;                // last packet of any of them
  TimeNs slowest_ns = 0;             // Completed: longest time from the first SYN to the ACK
  std::uint64_t flow = 0;            // the lowest number among them, and the frame of its SYN
  FrameRef syn;

  void merge(const Tally& other);
};

// By the start of the step that an attempt began in (see TimedSteps).
class Tallies {
 public:
  static constexpr std::size_t kMost = 2048;

  void note(const Attempt& attempt);
  void merge(const Tallies& part) { entries_.merge(part.entries_); }

  // By time: all outcomes of one step together.
  struct Step {
    TimeNs from_ns = 0;
    std::array<Tally, kOutcomes> by_outcome;

    const Tally& of(Outcome outcome) const { return by_outcome[static_cast<std::size_t>(outcome)]; }
    std::uint64_t total() const;
  };
  std::vector<Step> steps() const;
  TimeNs step_ns() const { return entries_.step_ns(); }

 private:
  struct Entry {
    Outcome outcome = Outcome::Unanswered;
    Tally tally;

    Outcome kind() const { return outcome; }
    void join(const Entry& other) { tally.merge(other.tally); }
    static TimeNs coarser(TimeNs step, unsigned by) { return step >> by; }
  };

  TimedSteps<Entry, kMost> entries_;
};

}  // namespace tcpautopsy

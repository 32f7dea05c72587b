// The trellis of one endpoint: every sequence of states that explains what it sent, each with its
// unlikelihood.
//
// A forward pass knows the past only; a backward pass adds what later segments tell. Both take the same
// moves (trellis_moves.h), which come from the tables of transitions.h. What costs kNever in both is
// impossible; the cheapest path is the likeliest.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/observation.h"
#include "analyzer/infer/profile.h"
#include "analyzer/infer/timers.h"

namespace tcpautopsy {

enum class EventKind : std::uint8_t {
  Send,       // the endpoint's own segment: rules states out
  Displaced,  // its own segment, sent earlier than its place suggests: rules nothing out
  Arrive,     // a segment toward it, at the time it should be there: it came, or it did not
  MayArrive,  // the same segment off its time: already here (early) or still to come (late)
  Icmp,       // an ICMP error toward it
  HiddenFin,  // its FIN, sent but lost before the capture point saw it
  Silent,     // a change that no segment shows: a timer, a close before the handshake
  Unseen,     // a segment that the capture missed
  Shown,      // what its peer acknowledges tells of an end that was not captured
  Jump,       // nothing explains the segment that follows: start anew from the states that can have sent it
};

struct Event {
  EventKind kind = EventKind::Send;
  std::uint8_t triggers = 0;      // of what may arrive: Arrive, MayArrive, Icmp
  Cost cost = 0;                  // of the change that an arrival makes
  Cost stay_cost = 0;             // of no change in a state that it can change
  Cost idle_cost = 0;             // of an arrival in a state that it cannot change; CLOSED and LISTEN apart
  std::size_t record = kNowhere;  // into FlowTrace::records, or ::icmp for Icmp
  TimeNs time_ns = 0;             // for HiddenFin by evidence: when it passed unseen; 0 without
  std::size_t silent = kNowhere;  // into Trellis::silent, for Silent
  Evidence evidence = Evidence::Nothing;  // HiddenFin, Unseen: why it is supposed
  StateSet shown{};                       // Shown: the states that explain it; each other one costs `cost`
};

constexpr Cost add_cost(Cost a, Cost b) {
  constexpr unsigned kMost = kNever - 1;
  const unsigned sum = unsigned{a} + b;
  if (sum < kMost) return static_cast<Cost>(sum);
  return a == kNever || b == kNever ? kNever : static_cast<Cost>(kMost);
}

// The cheapest way to each state, or on from it.
class CostRow {
 public:
  constexpr CostRow() { costs_.fill(kNever); }
  constexpr Cost operator[](TcpState s) const { return costs_[static_cast<std::size_t>(s)]; }
  constexpr StateSet states() const { return states_; }  // of which there is a way
  constexpr bool empty() const { return states_.empty(); }
  constexpr void set(TcpState s, Cost cost) {
    costs_[static_cast<std::size_t>(s)] = cost;
    states_.add(s);
  }
  // The cheaper way counts.
  constexpr void offer(TcpState s, Cost cost) {
    Cost& known = costs_[static_cast<std::size_t>(s)];
    if (cost >= known) return;
    known = cost;
    states_.add(s);
  }

 private:
  std::array<Cost, kStateCount> costs_{};
  StateSet states_;
};

// An event, and the cheapest ways after it: there, and on to the capture's end from the states it leaves.
struct Step {
  Step(const Event& at, bool any_change, const CostRow& ways)
      : event(at), changes(any_change), forward(ways) {}

  Event event;
  bool changes;  // false: it rules out and adds nothing, whatever state the endpoint was in
  CostRow forward, backward;
};

struct Trellis {
  CostRow start, onward;  // before the first event, as Step has them after each
  std::vector<Step> steps;
  std::vector<CostRow> silent;              // cost of going to CLOSED in silence, by state
  std::array<Ending, kStateCount> endings;  // of the states that the last step leaves
  bool start_unknown = false;               // the endpoint's past is outside the capture
  bool contradiction = false;               // a Jump was needed

  const CostRow& last() const { return steps.empty() ? start : steps.back().forward; }
};

// Makes one trellis after the other; what they need of memory stays for the next.
class TrellisBuilder {
 public:
  struct Due {
    TimeNs at_ns;
    std::size_t record;
  };

  // `may_miss`: grant at every step that the capture missed a segment. Good until the next call.
  const Trellis& run(const FlowTrace& trace, const Observations& observations, const Profile& profile,
                     Side side, TimeNs capture_end_ns, bool may_miss);

 private:
  Trellis trellis_;
  std::vector<Due> due_;  // segments toward the endpoint, by when they should be there
  std::vector<std::size_t>
      late_;  // of those that may have come later still, the last of each set of triggers
};

}  // namespace tcpautopsy

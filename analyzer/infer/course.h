// The courses of events one endpoint can have taken: every state sequence that explains what it sent, each
// with its unlikelihood.
//
// A forward pass knows the past only; a backward pass adds what later segments tell. Both walk the same
// moves, which come from the tables of transitions.h. What costs kNever in both is impossible; the cheapest
// course is the likeliest.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/meaning.h"
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
  Jump,       // nothing explains the segment that follows: start anew from the states that can have sent it
};

struct Event {
  EventKind kind = EventKind::Send;
  Cost cost = 0;                  // of the uncommon branch of MayArrive, HiddenFin, Icmp
  std::size_t record = kNowhere;  // into FlowTrace::records, or ::icmp for Icmp
  Cost stay_cost = 0;             // for HiddenFin: of there being none
  TimeNs time_ns = 0;             // for HiddenFin by evidence: when it passed unseen; 0 without
  std::size_t silent = kNowhere;  // into Course::silent, for Silent
};

using CostRow = std::array<Cost, kStateCount>;
constexpr CostRow kNoCourse = [] {
  CostRow row{};
  row.fill(kNever);
  return row;
}();

constexpr Cost add_cost(Cost a, Cost b) {
  return a == kNever || b == kNever ? kNever : static_cast<Cost>(a + b < kNever - 1 ? a + b : kNever - 1);
}

// One possible step at an event.
struct Move {
  TcpState to;
  Cost cost;
};
constexpr std::size_t kMostMoves = kStateCount + 2;

struct Course {
  CostRow start = kNoCourse;
  std::vector<Event> events;
  std::vector<CostRow> silent;    // cost of going to CLOSED in silence, by state
  std::vector<CostRow> forward;   // after each event: cheapest way there
  std::vector<CostRow> backward;  // after each event: cheapest way on to the capture's end
  bool start_unknown = false;     // the endpoint's past is outside the capture
  bool contradiction = false;     // a Jump was needed

  // All steps from `from` at event `e`, the commonest first; returns how many there are.
  std::size_t moves(std::size_t e, TcpState from, const TraceMeaning& meaning,
                    std::array<Move, kMostMoves>& out) const;
};

// `may_miss`: grant at every step that the capture missed a segment.
Course run_course(const FlowTrace& trace, const TraceMeaning& meaning, const Profile& profile, Side side,
                  TimeNs capture_end_ns, bool may_miss);

}  // namespace tcpautopsy

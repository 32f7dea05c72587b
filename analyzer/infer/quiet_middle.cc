#include "analyzer/infer/quiet_middle.h"

#include "analyzer/infer/transition_tables.h"

namespace tcpautopsy {
namespace {

using enum TcpState;

// All that can follow on these states: by whatever arrives of `triggers`, and by what is sent of `sends`.
constexpr StateSet reached(StateSet states, unsigned triggers, std::initializer_list<Sends> sends) {
  for (StateSet before; states != before;) {
    before = states;
    before.each([&](TcpState s) {
      for (std::size_t mask = 0; mask < kTriggerMasks; ++mask) {
        if ((mask & ~triggers) != 0) continue;
        states.add(arrival(s, static_cast<std::uint8_t>(mask)).whole);
        states.add(arrival(s, static_cast<std::uint8_t>(mask)).but_fin);
      }
      for (const SendRow& row : rows::kSendRows)
        for (const Sends what : sends)
          if (row.from == s && row.what == what) states.add(row.to);
    });
  }
  return states;
}

constexpr StateSet can_send(Sends what) {
  StateSet states;
  for (const SendRow& row : rows::kSendRows)
    if (row.what == what) states.add(row.from);
  return states;
}

// Who opened, and so far heard of the opening alone, can only have sent an ACK in ESTABLISHED, and stays.
static_assert((reached({Closed}, kOpeningTriggers, {Sends::Syn, Sends::Ack}) & can_send(Sends::Ack)) ==
              StateSet{Established});
static_assert(kStays[index(Sends::Ack)].has(Established));
static_assert(!moved_by(kOpeningTriggers).has(Established));
// What it hears of the opening after that changes nothing either, unless it opens anew.
static_assert(!reached({Established}, kTriggerMasks - 1, {Sends::Ack, Sends::Fin, Sends::Rst})
                   .meets(moved_by(kOpeningTriggers)));

bool quiet(const SegmentRecord& r, const Observation& m, Side side) {
  if (r.side != side) return says_of_opening_only(m.triggers) && m.idle_cost == 0;
  return m.constrains && m.sends == Sends::Ack && m.after.has(Established);
}

}  // namespace

QuietMiddle quiet_middle(const FlowTrace& trace, const Observations& observations, Side side) {
  if (!observations.streams[index(side)].sent_syn) return {};
  const std::size_t last = last_without_fin(trace, observations, side);
  if (last == kNowhere) return {};
  std::size_t i = 0;
  for (; i < last; ++i) {
    const Observation& m = observations.records[i];
    if (trace.records[i].side != side ? !says_of_opening_only(m.triggers)
                                      : m.constrains && m.sends == Sends::Ack)
      break;
  }
  if (i == last || trace.records[i].side != side) return {};
  const std::size_t open = i;
  for (++i; i < last && quiet(trace.records[i], observations.records[i], side);) ++i;
  return {open, i};
}

}  // namespace tcpautopsy

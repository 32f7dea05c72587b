// The inside of FlowTable: routes each segment to its incarnation, and hands flows out when they are over.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "analyzer/flow/flow_table.h"
#include "analyzer/flow/live_flows.h"
#include "analyzer/flow/packet_copies.h"
#include "analyzer/flow/pending_syn.h"

namespace tcpautopsy {

struct FlowTable::State {
  using Id = LiveFlows::Id;

  State(FlowOptions opts, Done on_done);

  std::uint64_t add(const TcpSegment& segment, const FrameRef& frame);
  std::optional<std::uint64_t> add(const IcmpError& error, const FrameRef& frame);
  std::optional<FlowTrace> so_far(const TcpSegment& segment, std::uint64_t number);
  void finish();

  FlowOptions options;
  Done done;
  CaptureFacts facts;

 private:
  // A segment on its way to its flow.
  struct Arrival {
    Arrival(const TcpSegment& s, const FrameRef& f, bool is_copy = false)
        : segment(s),
          frame(f),
          key(FlowKey::of(s.source, s.destination, s.encapsulation, from_low)),
          hash(hash_of(key)),
          copy(is_copy) {}
    const TcpSegment& segment;
    const FrameRef& frame;
    bool from_low = false;
    FlowKey key;
    std::uint64_t hash;
    bool copy;
  };
  struct Route {
    Route(Id id, Role r = Role::Ordinary, bool is_held = false) : flow(id), role(r), held(is_held) {}
    Id flow;
    Role role;
    bool held;  // taken already, until the next segments tell whose it is
  };
  // A closed flow, to be looked at again when it may be over.
  struct Due {
    TimeNs at_ns;
    Id flow;
    std::uint64_t number;
    bool operator>(const Due& o) const { return at_ns > o.at_ns; }
  };

  // A flow that a SYN opened, to be looked at when that may have been all.
  struct Opened {
    std::uint32_t at_s;  // since the first packet
    Id flow;             // or one that came to have its id
  };

  std::uint64_t first_incarnation(const Arrival& a);
  Id next_incarnation(const Arrival& a, Id latest);
  Route route(const Arrival& a, Id latest);
  Route route_syn(const Arrival& a, Id latest);
  Route route_syn_ack(const Arrival& a, Id latest);
  Route route_other(const Arrival& a, Id latest);
  void succeed(Id old, const Arrival& a);
  Id best_fit(const TcpSegment& segment, Id latest);
  std::uint64_t deliver(const Arrival& a, Route to);
  std::uint64_t deliver_to(LiveFlow& flow, Id id, Role role, const Arrival& a);
  bool is_copy(RecentPackets::Copy copy, const LiveFlow& flow) const;

  std::uint64_t add_held(const Arrival& a, Id opened);
  void opened_for_good(Id opened);
  void was_forged(Id opened);

  void tell_answer(Id flow, const Arrival& a);
  void look_again(Id id, LiveFlow& flow);
  void expire(TimeNs now) {
    if (!due_.empty() && due_.top().at_ns <= now) hand_out_due(now);
    if (!opened_.empty() && given_up_ns(opened_.front()) <= now) hand_out_unopened(now);
  }
  TimeNs given_up_ns(const Opened& opened) const {
    return begin_ns_ + opened.at_s * kSecond + options.give_up;
  }
  void note_opened(Id flow, TimeNs now);
  void hand_out_due(TimeNs now);
  void hand_out_unopened(TimeNs now);
  // Nothing but SYNs and SYN-ACKs came; if for long enough, it is handed out, else looked at again.
  bool hand_out_if_given_up(Id id, TimeNs now);
  void hand_out(Id flow);

  static constexpr std::size_t kMostHeld = 4096;

  LiveFlows flows_;
  RecentPackets recent_;
  CopiedPairs pairs_;
  std::unordered_map<Id, PendingSyn> held_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::deque<Opened> opened_;
  TimeNs begin_ns_ = 0, last_time_ = 0;
  bool any_ = false;
  std::uint64_t next_number_;
};

}  // namespace tcpautopsy

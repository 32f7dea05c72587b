// Whose a segment is: which incarnation of its addresses it goes to, and when it opens a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyzer/flow/arrival.h"
#include "analyzer/flow/live_flows.h"
#include "analyzer/flow/pending_syn.h"

namespace tcpautopsy {

class Router {
 public:
  using Id = LiveFlows::Id;

  static constexpr std::size_t kMostPending = 4096;  // SYNs that wait to be told whose they are

  struct Route {
    Route(Id id, Role r = Role::Ordinary) : flow(id), role(r) {}

    Id flow;
    Role role;
    bool pending = false;              // taken already, until the next segments tell whose it is
    Id superseded = LiveFlows::kNone;  // its next incarnation begins with the segment
  };

  // `keep_octets`: of segments that wait, for those who read payload.
  Router(LiveFlows& flows, bool keep_octets) : flows_(flows), keep_octets_(keep_octets) {}

  // Of a segment whose addresses no live flow has: the flow of the other direction, found under another VLAN
  // or tunnel and joined; or kNone.
  Id other_half(const Arrival& arrival);
  std::uint64_t halves_joined() const { return halves_joined_; }
  std::uint64_t syns_not_held() const { return syns_not_held_; }

  // Of a segment whose addresses `latest` is the latest incarnation of. No SYN is pending there.
  Route route(const Arrival& arrival, Id latest) {
    const LiveFlow& flow = flows_[latest];
    const bool plain = flow.older == LiveFlows::kNone &&
                       ((arrival.segment.flags & kSyn) == 0 || flow.expects(arrival.segment));
    return plain ? Route(latest) : route_among(arrival, latest);
  }
  // The live incarnation that an ICMP error tells of, `latest` or one before it.
  struct Quoted {
    Id flow;
    bool in_doubt;  // it may be about another
  };
  Quoted route(const IcmpError& error, Id latest, TimeNs time_ns);

  // After a segment was added to its flow: a SYN-ACK there answers the SYN that ended the flow before.
  void note_answer(LiveFlow& flow, const Arrival& arrival);

  // `opened` began with a SYN inside a connection that seems alive. With Wait the segment was taken, and is
  // of the flow `number_while_waiting` as far as one can tell; else release() or undo() comes next, and then
  // the segment's own route.
  PendingSyn::Verdict judge(const Arrival& arrival, Id opened);
  std::uint64_t number_while_waiting(const Arrival& arrival, Id opened);
  // Whether the SYN that `opened` waits with has this number.
  bool waits_with(Id opened, Seq iss) const;
  bool any_pending() const { return !pending_.empty(); }
  Id some_pending() const { return pending_.begin()->first; }
  // Nothing tells of its SYN but the ACK of the connection before that it drew.
  bool only_challenged(Id opened) const;
  // It is a new incarnation: its segments, for route_released() and delivery one by one.
  std::vector<HeldSegment> release(Id opened);
  Route route_released(const Arrival& arrival, Id opened);
  // It never was one: its segments, all of which are of the flow before.
  std::vector<HeldSegment> undo(Id opened);

 private:
  Route route_among(const Arrival& arrival, Id latest);
  Route route_syn(const Arrival& arrival, Id latest);
  Route route_syn_ack(const Arrival& arrival, Id latest);
  Route route_other(const Arrival& arrival, Id latest);
  Id open_next(const Arrival& arrival, Id latest);
  void succeed(Id old, const Arrival& arrival);
  Id best_fit(const TcpSegment& segment, Id latest);
  Quoted by_number(const IcmpError& error, Id latest);
  Quoted by_time(const IcmpError& error, Id latest, TimeNs time_ns);

  LiveFlows& flows_;
  std::unordered_map<Id, PendingSyn> pending_;
  std::uint64_t halves_joined_ = 0;
  std::uint64_t syns_not_held_ = 0;
  bool keep_octets_;
};

}  // namespace tcpautopsy

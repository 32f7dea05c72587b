#include "analyzer/infer/trellis.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "analyzer/infer/trellis_moves.h"

namespace tcpautopsy {
namespace {

using enum TcpState;

OpeningSeen opening_seen_by(const StreamFacts& own, const StreamFacts& peer) {
  if (own.sent_syn) return OpeningSeen::OwnSyn;
  if (peer.sent_syn) return OpeningSeen::PeerSyn;
  if (own.sent_syn_ack) return OpeningSeen::OwnSynAck;
  return peer.sent_syn_ack ? OpeningSeen::PeerSynAck : OpeningSeen::Nothing;
}

class Runner {
 public:
  using Due = TrellisBuilder::Due;

  Runner(const FlowTrace& trace, const Observations& observations, const Profile& profile, Side side,
         TimeNs end_ns, bool may_miss, Trellis& trellis, std::vector<Due>& due,
         std::vector<std::size_t>& late)
      : trace_(trace),
        observations_(observations),
        profile_(profile),
        side_(side),
        end_ns_(end_ns),
        may_miss_(may_miss),
        trellis_(trellis),
        due_(due),
        late_(late) {}

  void run() {
    clear();
    trellis_.start = row_ = start();
    hidden_fin_after_ = last_without_fin(trace_, observations_, side_);
    hidden_fin_time_ = hidden_fin_time();
    if (hidden_fin_after_ == kNowhere) step(hidden_fin(kNowhere));
    for (std::size_t i = 0; i < trace_.records.size(); ++i) {
      const SegmentRecord& r = trace_.records[i];
      now_ = std::max(now_, r.frame.time_ns);
      if (hidden_fin_time_ != 0 && hidden_fin_time_ <= now_) {
        arrive_until(hidden_fin_time_, i);
        Event event = supposed(EventKind::HiddenFin, Evidence::IpIdGap, i);
        event.time_ns = std::exchange(hidden_fin_time_, 0);
        step(event);
      }
      arrive_until(now_, i);
      if (r.side == side_) send(i);
      if (r.side != side_ || trace_.self_connection)
        due_.push_back({due_at(observations_.records[i], now_, rtt()), i});
    }
    arrive_until(std::numeric_limits<TimeNs>::max(), trace_.records.size());
    offer_late();
    if (misses_peer(kNowhere)) step(unseen(kNowhere));
    if (own().not_captured) step(supposed(EventKind::Unseen, Evidence::NotCaptured, kNowhere));
    backward();
  }

 private:
  void clear() {
    trellis_.steps.clear();
    trellis_.silent.clear();
    trellis_.start_unknown = trellis_.contradiction = false;
    due_.clear();
    late_.clear();
  }

  const StreamFacts& own() const { return observations_.streams[index(side_)]; }
  const StreamFacts& peer() const { return observations_.streams[index(other(side_))]; }
  TimeNs rtt() const { return own().rtt_ns; }

  // Segments toward the endpoint may have come that were not captured.
  bool misses_peer(std::size_t record) const { return may_miss_ || not_captured_at(peer(), record); }
  Event unseen(std::size_t record) const {
    const bool rule = not_captured_at(peer(), record);
    return supposed(EventKind::Unseen, rule ? Evidence::PeerNotCaptured : Evidence::CaptureLoss, record);
  }
  // A direction that was not captured, or not yet.
  static bool not_captured_at(const StreamFacts& stream, std::size_t record) {
    return stream.not_captured || (stream.begun_apart && record <= stream.first_record);
  }

  CostRow start() {
    const OpeningSeen captured =
        opening_seen_by(observations_.streams[index(side_)], observations_.streams[index(other(side_))]);
    trellis_.start_unknown = captured >= OpeningSeen::OwnSynAck;
    CostRow row;
    for (const StartRow& from : start_rows())
      if (from.captured == captured) row.offer(from.state, from.cost);
    return row;
  }

  // Each FIN that passed unseen was sent a retransmission timeout before the next: the round trip and the
  // least RTO (RFC 6298 2).
  TimeNs hidden_fin_time() const {
    if (own().lost_fins == 0) return 0;
    const TimeNs rto = profile_.minimum_rto + rtt() + peer().rtt_ns;
    return trace_.records[own().first_fin].frame.time_ns - static_cast<TimeNs>(own().lost_fins) * rto;
  }

  static Event supposed(EventKind kind, Evidence evidence, std::size_t record) {
    Event event;
    event.kind = kind;
    event.record = record;
    event.evidence = evidence;
    return event;
  }
  Event hidden_fin(std::size_t record) const {
    return supposed(EventKind::HiddenFin, own().unseen_fin ? Evidence::AcknowledgedLater : Evidence::Nothing,
                    record);
  }

  // From the last segment that a sent FIN rules out up to the first captured FIN, it may have been sent after
  // each.
  bool may_hide_fin_before(std::size_t i) const {
    return !own().unseen_fin && i <= own().first_fin &&
           (hidden_fin_after_ == kNowhere || i > hidden_fin_after_);
  }

  // Acknowledged though never captured: it was sent after all that was captured of its stream, and before it
  // was acknowledged.
  bool may_have_acked_fin_sent(std::size_t i) const {
    return i < own().fin_acked_by && (hidden_fin_after_ == kNowhere || i >= hidden_fin_after_);
  }

  bool may_hide_fin_after(std::size_t i) const {
    if (own().unseen_fin) return may_have_acked_fin_sent(i);
    return i < own().first_fin && (hidden_fin_after_ == kNowhere || i >= hidden_fin_after_);
  }

  void send(std::size_t i) {
    const Observation& m = observations_.records[i];
    if (misses_peer(i) && !own().unseen_fin) {  // missed, perhaps, before what was captured
      if (may_miss_) step(hidden_fin(i));
      step(unseen(i));
      if (may_miss_) step(hidden_fin(i));
    }
    off_time(i);
    if (!m.constrains) {
      if (misses_peer(i)) step(unseen(i));
      if (i == own().first_fin) step(supposed(EventKind::HiddenFin, Evidence::OutOfOrder, i));
      return step({EventKind::Displaced, 0, 0, 0, 0, i});
    }
    if (m.sends == Sends::Rst) silent(i);
    if (misses_peer(i)) step(unseen(i));
    if (i == peer().end_acked_by) step(supposed(EventKind::Unseen, Evidence::PeerEndMissed, i));
    if (may_hide_fin_before(i)) step(hidden_fin(i));
    const CostRow before = row_;
    step({EventKind::Send, 0, 0, 0, 0, i});
    if (row_.empty()) jump(i, before);
    if (may_hide_fin_after(i)) step(hidden_fin(i));
    if (i == peer().end_acked_by) shown(i, kPeerFinArrived | StateSet{Closed}, weights::kEndWithoutFin);
    if (peer().fin_likely && i == peer().first_acked_last)
      shown(i, kPeerFinArrived | StateSet{Closed}, weights::kLastOctetIsData);
  }

  void shown(std::size_t record, StateSet states, Cost cost_of_others) {
    if (cost_of_others == kNever && !row_.states().meets(states)) return;
    Event event;
    event.kind = EventKind::Shown;
    event.record = record;
    event.shown = states;
    event.cost = cost_of_others;
    step(event);
  }

  // Nothing of the endpoint was captured: what it had sent is told by what its peer acknowledges.
  void shown_by(std::size_t record) {
    const SegmentRecord& r = trace_.records[record];
    if (!told_begin_ && own().acked_more && !begins_seen()) shown(record, ~kAfterOwnFin, kNever);
    told_begin_ = true;
    if (r.has(kAck) && !r.has(kSyn) && !r.has(kRst) && r.ack > acked_ && record <= own().first_acked_last) {
      if (acked_ >= 1 && !peer_fast_open())
        shown(record, kSynchronized, kNever);
      else if (acked_ >= 1 || begins_seen())
        shown(record, kSynchronized | StateSet{SynReceived}, kNever);
      acked_ = r.ack;
    }
    may_have_sent(record);
    if (own().fin_likely && record == own().first_acked_last)
      shown(record, kAfterOwnFin | StateSet{Closed}, weights::kLastOctetIsData);
  }

  bool begins_seen() const { return peer().sent_syn || peer().sent_syn_ack; }
  // Its SYN may have been answered by data before the handshake was over (RFC 7413 4.2).
  bool peer_fast_open() const { return peer().sent_syn && trace_.records.front().fast_open; }

  void may_have_sent(std::size_t record) { step(supposed(EventKind::Unseen, Evidence::NotCaptured, record)); }

  // Segments toward the endpoint off their time: captured, but not yet due; or due, missed, and still under
  // way.
  void off_time(std::size_t send) {
    for (std::size_t d = next_due_; d < due_.size(); ++d) {
      if (due_[d].record >= send) continue;
      const TimeNs age = now_ - trace_.records[due_[d].record].frame.time_ns;
      offer(due_[d].record, age * 2 < rtt() ? weights::kFarTooEarly : weights::kEarly);
    }
    offer_late();
  }

  Cost late_cost(std::size_t record) const {
    const TimeNs due = trace_.records[record].frame.time_ns + weights::shortest(rtt());
    return now_ - due > weights::kFarLate ? weights::kLateByFar : weights::kLate;
  }

  // Twice: any order of two of them.
  void offer_late() {
    if (!row_.states().meets(moved_by(late_triggers_))) return;
    for (std::size_t round = 0; round < std::min<std::size_t>(late_.size(), 2); ++round)
      for (std::size_t record : late_) offer(record, late_cost(record));
  }

  // What is late came before what was sent after it, if it came by then.
  void offer_before(std::size_t record) {
    if ((moved_by(observations_.records[record].triggers) & row_.states()).empty() ||
        !row_.states().meets(moved_by(late_triggers_)))
      return;
    for (std::size_t late : late_) offer(late, weights::kLate);
  }

  void offer(std::size_t record, Cost cost) {
    const Observation& m = observations_.records[record];
    if (row_.states().meets(moved_by(m.triggers)))
      step({EventKind::MayArrive, m.triggers, add_cost(cost, m.deliver_cost), 0, 0, record});
  }

  void arrive_until(TimeNs time_ns, std::size_t before_record) {
    while (next_icmp_ < trace_.icmp.size() && trace_.icmp[next_icmp_].frame.time_ns <= time_ns) {
      if (trace_.icmp[next_icmp_].quoted == side_ && !trace_.icmp[next_icmp_].in_doubt)
        step({EventKind::Icmp, kGotIcmp, 0, weights::kIcmpIgnored, 0, next_icmp_});
      ++next_icmp_;
    }
    for (; next_due_ < due_.size() && due_[next_due_].at_ns <= time_ns &&
           due_[next_due_].record < before_record;
         ++next_due_) {
      const std::size_t record = due_[next_due_].record;
      if (draws_rst(record)) silent(record);
      const Observation& m = observations_.records[record];
      if (own().not_captured) shown_by(record);
      if (own().unseen_fin && record == own().fin_acked_by)
        step(supposed(EventKind::HiddenFin, Evidence::Acknowledged, record));
      if (record == own().end_acked_by) step(supposed(EventKind::HiddenFin, Evidence::EndMissed, record));
      if (peer().begun_apart && record == peer().first_record) step(unseen(record));
      offer_before(record);
      step({EventKind::Arrive, m.triggers, m.deliver_cost, m.miss_cost, m.idle_cost, record});
      if (not_captured_at(own(), record)) may_have_sent(record);
      if (own().unseen_fin && may_have_acked_fin_sent(record)) step(hidden_fin(record));
      add_late(record);
    }
  }

  // The endpoint's next segment is a RST: it may have lost its socket before this one came.
  bool draws_rst(std::size_t record) const {
    if (!own().sent_rst) return false;
    for (std::size_t k = record + 1; k < trace_.records.size(); ++k)
      if (trace_.records[k].side == side_ && observations_.records[k].constrains)
        return observations_.records[k].sends == Sends::Rst;
    return false;
  }

  // One late candidate for each set of triggers: the bound on what is carried along.
  void add_late(std::size_t record) {
    const std::uint8_t triggers = observations_.records[record].triggers;
    if (triggers == 0) return;
    late_triggers_ |= triggers;
    for (std::size_t& known : late_)
      if (observations_.records[known].triggers == triggers) {
        known = record;
        return;
      }
    late_.push_back(record);
  }

  void silent(std::size_t record) {
    CostRow costs;
    row_.states().each([&](TcpState s) {
      costs.offer(s, silent_close_cost(s, trace_, observations_, profile_, side_, now_));
    });
    trellis_.silent.push_back(costs);
    step({EventKind::Silent, 0, 0, 0, 0, record, 0, trellis_.silent.size() - 1});
  }

  void jump(std::size_t i, const CostRow& before) {
    trellis_.contradiction = true;
    trellis_.steps.pop_back();
    row_ = before;
    step({EventKind::Jump, 0, 0, 0, 0, i});
  }

  void step(const Event& event) {
    const StateSet before = row_.states();
    const bool changes = before.empty() || !leaves_all(event, before, observations_);
    if (!changes && event.kind == EventKind::HiddenFin) return;
    if (changes) row_ = forward_over(trellis_, event, observations_, row_);
    trellis_.steps.emplace_back(event, changes, row_);
  }

  void backward() {
    CostRow row;
    row_.states().each([&](TcpState s) {
      Ending& e = trellis_.endings[index(s)];
      e = ending(s, trace_, observations_, profile_, side_, end_ns_);
      row.offer(s, std::min(e.stay, e.leave));
    });
    for (std::size_t k = trellis_.steps.size(); k-- > 0;) {
      Step& step = trellis_.steps[k];
      step.backward = row;
      if (!step.changes) continue;
      const StateSet before = (k > 0 ? trellis_.steps[k - 1].forward : trellis_.start).states();
      row = backward_over(trellis_, step.event, observations_, before, row);
    }
    trellis_.onward = row;
  }

  const FlowTrace& trace_;
  const Observations& observations_;
  const Profile& profile_;
  Side side_;
  TimeNs end_ns_;
  bool may_miss_;
  Trellis& trellis_;
  std::vector<Due>& due_;
  std::vector<std::size_t>& late_;
  CostRow row_;
  TimeNs now_ = std::numeric_limits<TimeNs>::min() / 2;
  std::size_t next_due_ = 0, next_icmp_ = 0;
  std::uint8_t late_triggers_ = 0;  // of all late ones
  std::size_t hidden_fin_after_ = kNowhere;
  TimeNs hidden_fin_time_ = 0;  // still to come
  bool told_begin_ = false;     // that no FIN of it lies before the capture
  StreamOffset acked_ = 0;      // of an endpoint that was not captured
};

}  // namespace

const Trellis& TrellisBuilder::run(const FlowTrace& trace, const Observations& observations,
                                   const Profile& profile, Side side, TimeNs capture_end_ns, bool may_miss) {
  Runner(trace, observations, profile, side, capture_end_ns, may_miss, trellis_, due_, late_).run();
  return trellis_;
}

}  // namespace tcpautopsy

#include "analyzer/infer/traceback.h"

#include <algorithm>
#include <array>
#include <utility>

#include "analyzer/infer/trellis_moves.h"
#include "analyzer/seq/frame_order.h"

namespace tcpautopsy {
namespace {

using enum TcpState;

class Traceback {
 public:
  Traceback(const Trellis& trellis, const Observations& observations, Side side, FlowHistory& history)
      : trellis_(trellis),
        observations_(observations),
        side_(side),
        history_(history),
        known_(!trellis.start_unknown) {}

  std::optional<TcpState> trace() {
    state_ = best_start();
    start_ = state_;
    for (event_ = 0; event_ < trellis_.steps.size(); ++event_) {
      step_ = &trellis_.steps[event_];
      const bool stays = !at().changes || leaves_all(at().event, {state_}, observations_);
      const TcpState next = stays ? state_ : best_move();
      note(next);
      state_ = next;
      believe();
    }
    finish();
    return before_end_;
  }

 private:
  const SegmentRecord& record(std::size_t i) const { return history_.trace.records[i]; }
  std::int64_t half_rtt() const { return history_.rtt(side_).value_or(0) / 2; }

  const Step& at() const { return *step_; }

  TcpState best_start() const {
    Cost best = kNever;
    TcpState start = Closed;
    trellis_.start.states().each([&](TcpState s) {
      const Cost all = add_cost(trellis_.start[s], trellis_.onward[s]);
      if (all >= best) return;
      best = all;
      start = s;
    });
    return start;
  }

  TcpState best_move() const {
    Cost best = kNever;
    TcpState best_to = state_;
    each_move(trellis_, at().event, {state_}, observations_, [&](TcpState, TcpState to, Cost cost) {
      const Cost all = add_cost(cost, at().backward[to]);
      if (all >= best) return;
      best = all;
      best_to = to;
    });
    return best_to;
  }

  StateSet live() const { return at().forward.states(); }
  StateSet kept() const { return live() & at().backward.states(); }

  // What is likely enough to be told.
  StateSet plausible() const {
    const StateSet all = kept();
    if (all.single()) return all;
    const auto sum = [&step = at()](TcpState s) { return add_cost(step.forward[s], step.backward[s]); };
    Cost best = kNever;
    all.each([&](TcpState s) { best = std::min(best, sum(s)); });
    const Cost most = add_cost(best, weights::kPlausible);
    StateSet set;
    all.each([&](TcpState s) {
      if (sum(s) <= most) set.add(s);
    });
    return set;
  }

  // The likeliest state is that by more than the difference between states that a capture may begin in.
  bool stands_out() const {
    Cost best = kNever, second = kNever;
    kept().each([&, &step = at()](TcpState s) {
      const Cost sum = add_cost(step.forward[s], step.backward[s]);
      second = std::min(second, std::max(best, sum));
      best = std::min(best, sum);
    });
    return second >= add_cost(best, weights::kFoundHalfClosed);
  }

  // Turns the step from state_ to `next` at the current event into transitions.
  void note(TcpState next) {
    const Event& event = at().event;
    switch (event.kind) {
      case EventKind::Send:
      case EventKind::Jump: note_send(event, next); break;
      case EventKind::Arrive:
      case EventKind::MayArrive: note_arrival(event, next); break;
      case EventKind::Icmp: note_icmp(event, next); break;
      case EventKind::HiddenFin: note_hidden_fin(event, next); break;
      case EventKind::Silent: note_silent(event, next); break;
      case EventKind::Unseen: note_unseen(event, next); break;
      case EventKind::Shown:
      case EventKind::Displaced: break;
    }
  }

  void note_send(const Event& event, TcpState next) {
    const SegmentRecord& r = record(event.record);
    const bool marks = (r.has(kSyn) || r.has(kFin) || r.has(kRst));
    if (!known_ && (marks || stands_out())) return tell_first(next, event.record, marks);
    if (next == state_) return;
    const Sends sends = observations_.records[event.record].sends;
    Transition t = transition(state_, next, r.frame, -half_rtt());
    t.record = event.record;
    if (event.kind == EventKind::Jump) return add(t, *jump_row(sends, next));
    t.basis = Basis::Observed;
    add(t, *send_row(state_, sends, next));
  }

  // The first thing that tells the state of an endpoint whose past is outside the capture.
  void tell_first(TcpState next, std::size_t i, bool marks) {
    known_ = true;
    const SegmentRecord& r = record(i);
    Transition t = transition(Unknown, next, r.frame, r.side == side_ ? -half_rtt() : half_rtt());
    t.record = i;
    t.basis = marks && r.side == side_ ? Basis::Observed : Basis::Inferred;
    add(t, told_rows().front());
  }

  void note_arrival(const Event& event, TcpState next) {
    if (next == state_) {
      const bool would_matter = moved_by(event.triggers).has(state_);
      if (would_matter && event.kind == EventKind::Arrive)
        set_fate(event.record, Fate::LostAfterTap, next_send());
      if (!known_ && plausible().single()) tell_first(next, event.record, false);
      return;
    }
    const std::size_t proof = first_send_excluding(state_);
    set_fate(event.record, proof == kNowhere ? Fate::Unknown : Fate::Received, proof);
    if (!known_ && plausible().single()) return tell_first(next, event.record, false);
    const std::size_t told = in_order(event, proof);
    std::uint8_t left = event.triggers;
    for (TcpState s = state_; s != next;) {
      const ArriveRow* row = arrive(s, left);
      if (row == nullptr) break;
      left = static_cast<std::uint8_t>(left & ~row->on);
      Transition t = transition(s, row->to, record(told).frame, half_rtt());
      t.record = told;
      if (record(told).side == side_ && !history_.trace.self_connection)
        t.at_ns = record(event.record).frame.time_ns + half_rtt();
      if (row->to != next) t.possible.remove(next);  // passed through, whether it got there or not
      prove(t, proof);
      add(t, *row);
      s = row->to;
    }
  }

  // Segments cross: one that the capture saw before another that its receiver sent may have come after that.
  // What it changed is told of a later one alike, if there is one, else of what its receiver had sent, so
  // that frames do not go back.
  std::size_t in_order(const Event& event, std::size_t proof) const {
    if (event.record >= last_told_) return event.record;
    const std::size_t end = std::min(proof, history_.trace.records.size());
    for (std::size_t i = last_told_ + 1; i < end; ++i)
      if (record(i).side != side_ && !record(i).copy && observations_.records[i].triggers == event.triggers)
        return i;
    return last_told_;
  }

  void note_icmp(const Event& event, TcpState next) {
    if (next == state_) return;
    add(transition(state_, next, history_.trace.icmp[event.record].frame, half_rtt()),
        *arrive(state_, kGotIcmp));
  }

  void note_hidden_fin(const Event& event, TcpState next) {
    if (next == state_) return;
    const bool acknowledged =
        event.evidence == Evidence::Acknowledged || event.evidence == Evidence::AcknowledgedLater;
    const bool captured = event.evidence == Evidence::OutOfOrder;
    const std::size_t evidence = acknowledged || captured ? event.record : next_send();
    Transition t = evidence == kNowhere ? transition(state_, next, end_of_trace(), 0)
                                        : transition(state_, next, record(evidence).frame, -half_rtt());
    if (evidence != kNowhere) t.record = evidence;
    if (event.time_ns != 0) t.at_ns = event.time_ns - half_rtt();
    if (captured) t.basis = Basis::Observed;
    add_missed(t, event);
  }

  // The SYN of the next connection ends what is known of this one, whatever else of it came later.
  const FrameRef& end_of_trace() const {
    const FlowTrace& trace = history_.trace;
    return trace.successor && comes_before(trace.successor->syn, trace.last) ? trace.successor->syn
                                                                             : trace.last;
  }

  void note_silent(const Event& event, TcpState next) {
    if (next == state_) return;
    const SilentRow& row = *silent_row(state_);
    const auto due = silent_close_time(state_, history_.trace, observations_, history_.profile, side_,
                                       next_own_time(event.record));
    if (!due && !row.early_cause.empty()) return note_forgotten(event, next, row);
    const TimeNs when = due.value_or(last_own_time(event.record));
    Transition t = transition(state_, next, {}, 0);
    t.frame.reset();
    t.time_ns = t.at_ns = when;
    t.basis = Basis::Timer;
    add(t, row);
  }

  // Nothing tells when it lost the connection; its RST tells that it had.
  void note_forgotten(const Event& event, TcpState next, const SilentRow& row) {
    Transition t = transition(state_, next, record(event.record).frame, -half_rtt());
    t.record = event.record;
    add(t, Told{row.early_cause, row.early_rfc});
  }

  void note_unseen(const Event& event, TcpState next) {
    if (next == state_) return;
    const FrameRef near = event.record == kNowhere ? end_of_trace() : record(event.record).frame;
    if (!known_) return;
    Transition t = transition(state_, next, near, 0);
    if (event.record != kNowhere) t.record = event.record;
    add_missed(t, event);
  }

  void add_missed(const Transition& t, const Event& event) {
    for (const MissedMoves::Move& move : missed_moves(t.from, event.evidence)) {
      if (move.to != t.to) continue;
      if (move.hidden_row != kNoRow) return add(t, rows::kHiddenRows[move.hidden_row]);
      return add(t, rows::kUnseenRows[move.unseen_row]);
    }
  }

  Transition transition(TcpState from, TcpState to, const FrameRef& frame, std::int64_t offset) const {
    Transition t;
    t.side = side_;
    t.from = from;
    t.to = to;
    t.frame = frame;
    t.time_ns = frame.time_ns;
    t.at_ns = frame.time_ns + offset;
    t.possible = event_ < trellis_.steps.size() ? plausible() : StateSet{to};
    t.possible.add(to);
    return t;
  }

  void prove(Transition& t, std::size_t proof) const {
    if (proof == kNowhere) return;
    t.basis = Basis::Confirmed;
    t.proved_by = proof;
    t.proof = record(proof).frame;
    t.possible.remove(t.from);
  }

  struct Told {
    std::string_view cause, rfc;
  };

  // `row` says why. Times within an endpoint's history do not go back: estimates are bent to the order that
  // is certain.
  template <class Row>
  void add(Transition t, const Row& row) {
    t.cause = row.cause;
    t.rfc = row.rfc;
    if (!known_ && t.from != Unknown) return;
    // Its own segment shows that it changed, but not to what.
    if (!t.possible.single() && (t.basis == Basis::Confirmed || t.basis == Basis::Observed)) {
      t.basis = Basis::Inferred;
      t.proved_by = kNowhere;
      t.proof.reset();
    }
    keep_order(t);
    if (any_) t.at_ns = std::max(t.at_ns, latest_at_ns_);
    any_ = true;
    latest_at_ns_ = t.at_ns;
    if (t.record != kNoRecord) last_told_ = std::max(last_told_, t.record);
    history_.transitions.push_back(t);
  }

  // What nothing shows is told beside the last frame, and what follows from it no earlier.
  void keep_order(Transition& t) {
    if (!t.frame) return;
    if (comes_before(*t.frame, latest_.frame)) {
      t.frame = latest_.frame;
      t.time_ns = latest_.frame.time_ns;
      t.record = latest_.record;
    }
    latest_ = {*t.frame, t.record};
  }

  // The endpoint's next segment that it could not have sent from `state`: proof that it had left it.
  std::size_t first_send_excluding(TcpState state) const {
    for (std::size_t e = event_ + 1; e < trellis_.steps.size(); ++e) {
      const Event& event = trellis_.steps[e].event;
      if (event.kind != EventKind::Send) continue;
      const Observation& m = observations_.records[event.record];
      if (m.sends == Sends::Rst) continue;
      bool can = false;
      const SendRows& of = kSendsOf[index(state)][index(m.sends)];
      for (std::size_t k = 0; k < of.count; ++k) {
        const SendRow& row = rows::kSendRows[of.rows[k]];
        can = can || (applies(row, m) && row.cost < weights::kUnheardOf);
      }
      if (!can) return event.record;
    }
    return kNowhere;
  }

  std::size_t next_send() const {
    for (std::size_t e = event_ + 1; e < trellis_.steps.size(); ++e)
      if (trellis_.steps[e].event.kind == EventKind::Send) return trellis_.steps[e].event.record;
    return kNowhere;
  }

  TimeNs last_own_time(std::size_t before) const {
    for (std::size_t i = before; i-- > 0;)
      if (record(i).side == side_) return record(i).frame.time_ns;
    return history_.trace.first.time_ns;
  }

  // It sends nothing between its silent change and the RST, though other segments may arrive.
  TimeNs next_own_time(std::size_t from) const {
    for (std::size_t i = from; i < history_.trace.records.size(); ++i)
      if (record(i).side == side_ && !record(i).copy) return record(i).frame.time_ns;
    return record(from).frame.time_ns;
  }

  void set_fate(std::size_t i, Fate fate, std::size_t proof) { history_.deliveries[i] = {fate, proof}; }

  void believe() {
    const Event& event = at().event;
    past_live_ = past_live_ | live();
    past_kept_ = past_kept_ | kept();
    const bool arrived = event.kind == EventKind::Arrive;
    const bool displaced = event.kind == EventKind::Displaced;
    if (event.kind != EventKind::Send && event.kind != EventKind::Jump && !arrived && !displaced) return;
    // A self-connection's record is sent and arrives at one endpoint: the belief is the one after sending.
    if (arrived && history_.trace.self_connection) return;
    Belief& b = history_.beliefs[event.record];
    const std::size_t s = index(side_);
    b.live[s] = live();
    b.kept[s] = kept();
    b.plausible[s] = plausible();
    b.likely[s] = known_ ? state_ : Unknown;
    if (displaced) return widen(b, observations_.records[event.record]);
    if (!arrived)
      last_sent_ = event.record;
    else if (last_sent_ != kNowhere && last_sent_ > event.record)
      b.likely[s] = state_before_crossing(event.record);
  }

  // Sent some time before: any state the endpoint has been in.
  void widen(Belief& b, const Observation& m) const {
    const std::size_t s = index(side_);
    const StateSet start = trellis_.start.states();
    // A RST that its sender did not stop at may still have been sent with no connection there; a SYN tells
    // its state by itself, though the past may not have it.
    const bool by_kind = m.sends == Sends::Rst || m.sends == Sends::Syn || m.sends == Sends::SynAck;
    const StateSet kind = by_kind ? m.after : StateSet{};
    b.live[s] = b.live[s] | past_live_ | start | kind;
    b.kept[s] = b.kept[s] | past_kept_ | start | kind;
  }

  // The segment was still on its way when a later captured one was sent: the state it found the endpoint in
  // at that time.
  TcpState state_before_crossing(std::size_t i) const {
    for (std::size_t e = event_; e-- > 0;) {
      const Event& event = trellis_.steps[e].event;
      const bool sent = event.kind == EventKind::Send || event.kind == EventKind::Jump;
      if (sent && event.record < i) return history_.beliefs[event.record].likely[index(side_)];
    }
    return start_;
  }

  void finish() {
    event_ = trellis_.steps.size();
    EndpointOutcome& outcome = history_.outcomes[index(side_)];
    const CostRow& last = trellis_.last();
    CostRow ends;
    std::array<TcpState, kStateCount> found{};
    auto found_end = found.begin();
    const auto offer = [&](Cost cost, TcpState s) {
      if (cost != kNever && !ends.states().has(s)) *found_end++ = s;
      ends.offer(s, cost);
    };
    const TcpState likeliest = state_;
    last.states().each([&](TcpState s) {
      const Ending& e = trellis_.endings[index(s)];
      offer(add_cost(last[s], e.stay), s);
      if (e.leave != kNever) offer(add_cost(last[s], e.leave), timer_row(s)->to);
    });
    if (known_ && last.states().has(likeliest)) {
      before_end_ = likeliest;
      conclude(trellis_.endings[index(likeliest)], outcome);
    }
    const auto cheaper = [&ends](TcpState a, TcpState b) { return ends[a] < ends[b]; };
    for (auto next = found.begin(); next != found_end; ++next)
      std::rotate(std::upper_bound(found.begin(), next, *next, cheaper), next, next + 1);
    outcome.final_not_ruled_out = ends.states();
    outcome.final = known_ ? state_ : Unknown;
    outcome.final_possible = {outcome.final};
    for (auto s = found.begin(); s != found_end; ++s)
      if (*s != outcome.final && ends[*s] <= add_cost(ends[found.front()], weights::kPlausible))
        outcome.final_possible.push_back(*s);
  }

  void conclude(const Ending& e, EndpointOutcome& outcome) {
    outcome.give_up = e.give_up;
    if (e.leave >= e.stay) return;
    const TimerRow& row = *timer_row(state_);
    Transition t = transition(state_, row.to, {}, 0);
    t.frame.reset();
    t.time_ns = t.at_ns = e.left_ns;
    t.basis = Basis::Timer;
    if (e.stay <= weights::kPlausible) t.possible.add(state_);
    add(t, row);
    state_ = row.to;
  }

  const Trellis& trellis_;
  const Observations& observations_;
  Side side_;
  FlowHistory& history_;
  bool known_;  // what state it is in
  bool any_ = false;
  TimeNs latest_at_ns_ = 0;
  struct {
    FrameRef frame;
    RecordIndex record = kNoRecord;
  } latest_;                   // beside which a transition is told
  std::size_t last_told_ = 0;  // the latest record of a transition
  TcpState state_ = Closed, start_ = Closed;
  std::optional<TcpState> before_end_;
  std::size_t event_ = 0;
  const Step* step_ = nullptr;  // the event's
  std::size_t last_sent_ = kNowhere;
  StateSet past_live_, past_kept_;
};

}  // namespace

std::optional<TcpState> trace_back(const Trellis& trellis, const Observations& observations, Side side,
                                   FlowHistory& history) {
  return Traceback(trellis, observations, side, history).trace();
}

}  // namespace tcpautopsy

#include "analyzer/infer/known_courses.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "analyzer/flow/flow_key.h"
#include "analyzer/infer/timers.h"
#include "analyzer/infer/transition_tables.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

bool plain(const StreamFacts& s) {
  return !s.unseen_fin && !s.not_captured && !s.begun_apart && !s.fin_likely && !s.fin_may_be_missed &&
         !s.sent_rst && s.lost_fins == 0 && s.missed_end == 0;
}

std::uint64_t opening_of(const StreamFacts& s) { return (s.sent_syn ? 1U : 0U) | (s.sent_syn_ack ? 2U : 0U); }

// All of an observation but the costs, and but what is told of RSTs alone: there are none.
std::uint64_t says(const Observation& m) {
  const unsigned word = (m.constrains ? 1U : 0U) | (m.early_data ? 2U : 0U) | (m.syn_again ? 4U : 0U) |
                        (m.unacceptable_to_syn ? 8U : 0U);
  return std::uint64_t{word} << 32 | std::uint64_t{m.after.bits()} << 16 | std::uint64_t{m.triggers} << 8 |
         static_cast<std::uint64_t>(m.sends);
}

std::uint64_t costs_of(const Observation& m) {
  return std::uint64_t{m.deliver_cost} << 32 | std::uint64_t{m.miss_cost} << 16 | m.idle_cost;
}

// What the passes ask of the segment itself.
std::uint64_t kind_of(const SegmentRecord& r, Side side) {
  constexpr std::uint64_t kAsked = kSyn | kFin | kRst | kAck;
  return (r.flags & kAsked) << 2 | (r.copy ? 2U : 0U) | (r.side == side ? 1U : 0U);
}

// A key is told by all of it, so that its hash need not be a good one.
template <class Key>
std::uint64_t hash_of(const Key& key) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = key.size();
  for (const std::uint64_t word : key) hash = (std::rotl(hash, 23) ^ word) * kOdd;
  return mix(hash);
}

}  // namespace

// As Runner::arrive_until() takes them, and of those that came the last of each set of triggers.
void KnownCourses::arrive(const Observations& observations, TimeNs now_ns) {
  for (; next_due_ < due_.size() && due_[next_due_].at_ns <= now_ns; ++next_due_) {
    const std::size_t record = due_[next_due_].record;
    const std::uint8_t triggers = observations.records[record].triggers;
    if (triggers == 0) continue;
    const auto same = std::find_if(late_.begin(), late_.end(), [&](std::size_t known) {
      return observations.records[known].triggers == triggers;
    });
    if (same != late_.end())
      *same = record;
    else
      late_.push_back(record);
  }
}

// Whether it may change the end's state if it comes early or late.
bool KnownCourses::tells(const Observations& observations, std::size_t record) const {
  return !past_middle_ || !says_of_opening_only(observations.records[record].triggers);
}

// Which of those under way come far too early, if they come now.
void KnownCourses::pending(const FlowTrace& trace, const Observations& observations, std::size_t before,
                           TimeNs now_ns) {
  std::uint64_t early = 1;
  for (std::size_t d = next_due_; d < due_.size() && due_[d].record < before; ++d) {
    const bool far = mul_sat(now_ns - trace.records[due_[d].record].frame.time_ns, 2) < rtt_ns_;
    early = early << 1 | (far && tells(observations, due_[d].record) ? 1U : 0U);
  }
  key_.push_back(early);
}

// Which of those that may have come later come by far too late.
void KnownCourses::late(const FlowTrace& trace, const Observations& observations, TimeNs now_ns) {
  std::uint64_t by_far = 1;
  for (const std::size_t record : late_) {
    const TimeNs due = trace.records[record].frame.time_ns + weights::shortest(rtt_ns_);
    const bool far = now_ns - due > weights::kFarLate;
    by_far = by_far << 1 | (far && tells(observations, record) ? 1U : 0U);
  }
  key_.push_back(by_far);
}

inline void KnownCourses::tell_record(const FlowTrace& trace, const Observations& observations,
                                      std::size_t i) {
  const Observation& m = observations.records[i];
  key_.push_back(says(m) ^ kind_of(trace.records[i], side_) << 48);
  key_.push_back(costs_of(m) ^ std::uint64_t{next_due_ - left_out_} << 48);
  read_.push_back(i);
}

// At its end: what of it is still under way comes after, as if it had been sent there, and what came makes no
// difference but for what each said first (TrellisBuilder offers them again, in that order).
void KnownCourses::pass_middle(const FlowTrace& trace, const Observations& observations) {
  constexpr std::uint64_t kMark = std::uint64_t{1} << 63;
  std::uint64_t said = 0;
  for (const std::size_t record : late_) said = said << 8 | observations.records[record].triggers;
  key_.push_back(kMark | said);
  for (std::size_t d = 0; d < next_due_; ++d) left_out_ += middle_.has(due_[d].record) ? 1 : 0;
  for (std::size_t d = next_due_; d < due_.size(); ++d)
    if (middle_.has(due_[d].record)) tell_record(trace, observations, due_[d].record);
  past_middle_ = true;
}

bool KnownCourses::read(const FlowTrace& trace, const Observations& observations, Side side) {
  const StreamFacts& own = observations.streams[index(side)];
  const StreamFacts& peer = observations.streams[index(other(side))];
  if (trace.records.size() > kMostRecords || !trace.icmp.empty() || trace.self_connection || !plain(own) ||
      !plain(peer) || observations.capture_missed)
    return false;
  side_ = side;
  rtt_ns_ = own.rtt_ns;
  middle_ = quiet_middle(trace, observations, side);
  past_middle_ = false;
  left_out_ = 0;
  key_.clear();
  due_.clear();
  late_.clear();
  read_.clear();
  next_due_ = 0;
  key_.push_back(opening_of(own) << 4 | opening_of(peer) << 2 | static_cast<std::uint64_t>(side));
  TimeNs now_ns = std::numeric_limits<TimeNs>::min() / 2;
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    const Observation& m = observations.records[i];
    now_ns = std::max(now_ns, r.frame.time_ns);
    arrive(observations, now_ns);
    if (middle_.any() && i == middle_.end) pass_middle(trace, observations);
    if (i == own.first_fin) key_.all[0] |= (std::uint64_t{read_.size()} + 1) << 8;
    if (!middle_.has(i)) tell_record(trace, observations, i);
    if (r.side != side) {
      due_.push_back({due_at(m, now_ns, rtt_ns_), i});
      continue;
    }
    if (middle_.has(i)) continue;
    if (past_middle_ && m.constrains && (m.sends == Sends::Syn || m.sends == Sends::SynAck)) return false;
    if (next_due_ < due_.size()) pending(trace, observations, i, now_ns);
    if (!late_.empty()) late(trace, observations, now_ns);
  }
  arrive(observations, std::numeric_limits<TimeNs>::max());
  if (!late_.empty()) late(trace, observations, now_ns);
  hash_ = hash_of(key_);
  return true;
}

bool KnownCourses::is_key(const Known& known) const {
  return std::equal(known.key.begin(), known.key.end(), key_.begin(), key_.end());
}

KnownCourses::EndCosts KnownCourses::costs_at_end(StateSet last, const Endings& endings) {
  EndCosts costs{};
  last.each([&](TcpState s) { costs[index(s)] = {endings[index(s)].stay, endings[index(s)].leave}; });
  return costs;
}

bool KnownCourses::tell(const Observations& observations, TimeNs end_ns, FlowHistory& history) {
  const auto found = known_.find(hash_);
  if (found == known_.end() || !is_key(found->second)) return false;
  Endings& endings = endings_;
  found->second.last.each([&](TcpState s) {
    endings[index(s)] = ending(s, history.trace, observations, history.profile, side_, end_ns);
  });
  const EndCosts costs = costs_at_end(found->second.last, endings);
  for (const Course& course : found->second.courses) {
    if (course.costs != costs) continue;
    fill_in(course, endings, history);
    ++told_;
    return true;
  }
  return false;
}

// When the end itself changed, half a round trip off: before what it sent passed, after what it got.
TimeNs KnownCourses::estimate(TimeNs passed_ns, const SegmentRecord& record, std::int64_t half) const {
  return passed_ns + (record.side == side_ ? -half : half);
}

void KnownCourses::fill_in(const Course& course, const Endings& endings, FlowHistory& h) const {
  const std::int64_t half = h.rtt(side_).value_or(0) / 2;
  TimeNs latest_ns = std::numeric_limits<TimeNs>::min();
  for (const Transition& known : course.transitions) {
    Transition& t = h.transitions.emplace_back(known);
    if (t.record == kNoRecord) {
      t.time_ns = t.at_ns = endings[index(*course.before_end)].left_ns;
    } else {
      t.record = read_[t.record];
      const SegmentRecord& r = h.trace.records[t.record];
      t.frame = r.frame;
      t.time_ns = r.frame.time_ns;
      t.at_ns = estimate(t.time_ns, r, half);
    }
    if (t.proved_by != kNoRecord) {
      t.proved_by = read_[t.proved_by];
      t.proof = h.trace.records[t.proved_by].frame;
    }
    latest_ns = t.at_ns = std::max(t.at_ns, latest_ns);
  }
  const std::size_t s = index(side_);
  const auto believe = [&](RecordIndex i, const Belief& known) {
    Belief& b = h.beliefs[i];
    b.live[s] = known.live[s];
    b.kept[s] = known.kept[s];
    b.plausible[s] = known.plausible[s];
    b.likely[s] = known.likely[s];
  };
  for (RecordIndex i = middle_.open + 1; i < middle_.end; ++i) believe(i, course.beliefs[middle_.open]);
  auto delivery = course.deliveries.begin();
  for (std::size_t place = 0; place < course.beliefs.size(); ++place) {
    const RecordIndex i = read_[place];
    believe(i, course.beliefs[place]);
    if (h.trace.records[i].side == side_) continue;
    Delivery& told = h.deliveries[i] = *delivery++;
    if (told.proof != kNoRecord) told.proof = read_[told.proof];
  }
  EndpointOutcome& outcome = h.outcomes[s];
  outcome = course.outcome;
  if (course.before_end) outcome.give_up = endings[index(*course.before_end)].give_up;
}

// Most keys of a capture with many losses are met but once.
bool KnownCourses::seen_before() {
  std::uint32_t& slot = seen_[hash_ % kSeen];
  const auto print = static_cast<std::uint32_t>(hash_ >> 32) | 1U;
  if (slot == print) return true;
  slot = print;
  return false;
}

// Where a course has it; kNoRecord of one that it does not have, or of none.
RecordIndex KnownCourses::place_of(RecordIndex record) const {
  const auto found = std::lower_bound(read_.begin(), read_.end(), record);
  if (found == read_.end() || *found != record) return kNoRecord;
  return static_cast<RecordIndex>(found - read_.begin());
}

// What is not kept of the middle is what fill_in() tells of it.
bool KnownCourses::alike_in_middle(const FlowHistory& h) const {
  const std::size_t s = index(side_);
  for (RecordIndex i = middle_.open + 1; i < middle_.end; ++i) {
    if (place_of(i) != kNoRecord) continue;
    const Belief &b = h.beliefs[i], &at_open = h.beliefs[middle_.open];
    if (b.live[s] != at_open.live[s] || b.kept[s] != at_open.kept[s] ||
        b.plausible[s] != at_open.plausible[s] || b.likely[s] != at_open.likely[s])
      return false;
    const Delivery& d = h.deliveries[i];
    if (h.trace.records[i].side != side_ && (d.fate != Fate::Unknown || d.proof != kNoRecord)) return false;
  }
  return true;
}

void KnownCourses::keep(const Trellis& trellis, const FlowHistory& h, std::size_t first,
                        std::optional<TcpState> before_end) {
  if (!seen_before() || !alike_in_middle(h)) return;
  Course course;
  course.costs = costs_at_end(trellis.last().states(), trellis.endings);
  course.outcome = h.outcomes[index(side_)];
  course.outcome.give_up.reset();
  course.before_end = before_end;
  const std::int64_t half = h.rtt(side_).value_or(0) / 2;
  TimeNs latest_ns = std::numeric_limits<TimeNs>::min();
  for (std::size_t i = first; i < h.transitions.size(); ++i) {
    Transition t = h.transitions[i];
    // Only the end's own timer has no segment.
    if (t.record == kNoRecord && (t.basis != Basis::Timer || i + 1 < h.transitions.size())) return;
    // Where segments crossed a change is told of another than the one that made it: its time cannot be filled
    // in.
    if (t.record != kNoRecord) {
      latest_ns = std::max(latest_ns, estimate(t.time_ns, h.trace.records[t.record], half));
      if (t.at_ns != latest_ns) return;
    }
    t.frame.reset();
    t.proof.reset();
    const RecordIndex record = t.record, proved_by = t.proved_by;
    t.record = place_of(record);
    t.proved_by = place_of(proved_by);
    if ((record != kNoRecord && t.record == kNoRecord) ||
        (proved_by != kNoRecord && t.proved_by == kNoRecord))
      return;
    course.transitions.push_back(t);
  }
  for (const RecordIndex i : read_) {
    course.beliefs.push_back(h.beliefs[i]);
    if (h.trace.records[i].side == side_) continue;
    Delivery delivery = h.deliveries[i];
    delivery.proof = place_of(delivery.proof);
    if (delivery.proof == kNoRecord && h.deliveries[i].proof != kNoRecord) return;
    course.deliveries.push_back(delivery);
  }
  if (known_.size() >= kMostKnown && !known_.contains(hash_)) known_.clear();
  Known& known = known_[hash_];
  if (known.key.empty()) {
    known.key.assign(key_.begin(), key_.end());
    known.last = trellis.last().states();
  }
  if (is_key(known) && known.courses.size() < kMostCourses) known.courses.push_back(std::move(course));
}

}  // namespace tcpautopsy

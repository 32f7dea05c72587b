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

// All of an observation, but for the costs.
std::uint64_t says(const Observation& m) {
  std::uint64_t word = 0;
  for (const bool bit : {m.bare_rst, m.behind_fin, m.refuses_syn, m.refuses_handshake, m.unacceptable_to_syn,
                         m.syn_again, m.refuses_probe, m.acknowledges_fin, m.early_data, m.constrains})
    word = word << 1 | (bit ? 1U : 0U);
  return word << 32 | std::uint64_t{m.after.bits()} << 16 | std::uint64_t{m.triggers} << 8 |
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

// Which of those under way come far too early, if they come now.
void KnownCourses::pending(const FlowTrace& trace, std::size_t before, TimeNs now_ns) {
  std::uint64_t early = 1;
  for (std::size_t d = next_due_; d < due_.size() && due_[d].record < before; ++d)
    early =
        early << 1 | (mul_sat(now_ns - trace.records[due_[d].record].frame.time_ns, 2) < rtt_ns_ ? 1U : 0U);
  key_.push_back(early);
}

// Which of those that may have come later come by far too late.
void KnownCourses::late(const FlowTrace& trace, TimeNs now_ns) {
  std::uint64_t by_far = 1;
  for (const std::size_t record : late_) {
    const TimeNs due = trace.records[record].frame.time_ns + weights::shortest(rtt_ns_);
    by_far = by_far << 1 | (now_ns - due > weights::kFarLate ? 1U : 0U);
  }
  key_.push_back(by_far);
}

bool KnownCourses::read(const FlowTrace& trace, const Observations& observations, Side side) {
  const StreamFacts& own = observations.streams[index(side)];
  const StreamFacts& peer = observations.streams[index(other(side))];
  if (trace.records.size() > kMostRecords || !trace.icmp.empty() || trace.self_connection || !plain(own) ||
      !plain(peer) || observations.capture_missed)
    return false;
  side_ = side;
  rtt_ns_ = own.rtt_ns;
  key_.clear();
  due_.clear();
  late_.clear();
  next_due_ = 0;
  key_.push_back(own.first_fin << 8 | opening_of(own) << 4 | opening_of(peer) << 2 |
                 static_cast<std::uint64_t>(side));
  TimeNs now_ns = std::numeric_limits<TimeNs>::min() / 2;
  for (std::size_t i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    const Observation& m = observations.records[i];
    now_ns = std::max(now_ns, r.frame.time_ns);
    arrive(observations, now_ns);
    key_.push_back(says(m) ^ kind_of(r, side) << 48);
    key_.push_back(costs_of(m) ^ std::uint64_t{next_due_} << 48);
    if (r.side != side) {
      due_.push_back({due_at(m, now_ns, rtt_ns_), i});
      continue;
    }
    if (next_due_ < due_.size()) pending(trace, i, now_ns);
    if (!late_.empty()) late(trace, now_ns);
  }
  arrive(observations, std::numeric_limits<TimeNs>::max());
  if (!late_.empty()) late(trace, now_ns);
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
      const SegmentRecord& r = h.trace.records[t.record];
      t.frame = r.frame;
      t.time_ns = r.frame.time_ns;
      t.at_ns = estimate(t.time_ns, r, half);
    }
    if (t.proved_by != kNoRecord) t.proof = h.trace.records[t.proved_by].frame;
    latest_ns = t.at_ns = std::max(t.at_ns, latest_ns);
  }
  const std::size_t s = index(side_);
  auto delivery = course.deliveries.begin();
  for (RecordIndex i = 0; i < course.beliefs.size(); ++i) {
    const Belief& known = course.beliefs[i];
    Belief& b = h.beliefs[i];
    b.live[s] = known.live[s];
    b.kept[s] = known.kept[s];
    b.plausible[s] = known.plausible[s];
    b.likely[s] = known.likely[s];
    if (h.trace.records[i].side == side_) continue;
    h.deliveries[i] = *delivery++;
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

void KnownCourses::keep(const Trellis& trellis, const FlowHistory& h, std::size_t first,
                        std::optional<TcpState> before_end) {
  if (!seen_before()) return;
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
    course.transitions.push_back(t);
  }
  course.beliefs = h.beliefs;
  for (RecordIndex i = 0; i < h.trace.records.size(); ++i)
    if (h.trace.records[i].side != side_) course.deliveries.push_back(h.deliveries[i]);
  if (known_.size() >= kMostKnown && !known_.contains(hash_)) known_.clear();
  Known& known = known_[hash_];
  if (known.key.empty()) {
    known.key.assign(key_.begin(), key_.end());
    known.last = trellis.last().states();
  }
  if (is_key(known) && known.courses.size() < kMostCourses) known.courses.push_back(std::move(course));
}

}  // namespace tcpautopsy

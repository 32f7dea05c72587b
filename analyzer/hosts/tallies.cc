#include "analyzer/hosts/tallies.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

// Unsorted entries are let wait until there are as many as sorted ones.
constexpr std::size_t kFewest = 64;

Tally tally_of(const Attempt& a) {
  Tally t;
  t.count = 1;
  t.syn_resent = a.syn_resent ? 1 : 0;
  t.syn_ignored = a.syn_ignored ? 1 : 0;
  t.syn_due = a.syn_due ? 1 : 0;
  t.ack_repeated = a.ack_repeated ? 1 : 0;
  t.ack_due = a.ack_due ? 1 : 0;
  t.first_ns = t.last_ns = a.syn.time_ns;
  t.over_ns = a.last_ns;
  if (a.outcome == Outcome::Completed) t.slowest_ns = std::max(TimeNs{0}, a.completed_ns - a.syn.time_ns);
  t.flow = a.flow;
  t.syn = a.syn;
  return t;
}

}  // namespace

void Tally::merge(const Tally& o) {
  if (o.count == 0) return;
  if (count == 0) {
    *this = o;
    return;
  }
  count += o.count;
  syn_resent += o.syn_resent;
  syn_ignored += o.syn_ignored;
  syn_due += o.syn_due;
  ack_repeated += o.ack_repeated;
  ack_due += o.ack_due;
  first_ns = std::min(first_ns, o.first_ns);
  last_ns = std::max(last_ns, o.last_ns);
  over_ns = std::max(over_ns, o.over_ns);
  slowest_ns = std::max(slowest_ns, o.slowest_ns);
  if (o.flow < flow) {
    flow = o.flow;
    syn = o.syn;
  }
}

std::uint64_t Tallies::Step::total() const {
  std::uint64_t sum = 0;
  for (const Tally& t : by_outcome) sum += t.count;
  return sum;
}

void Tallies::note(const Attempt& attempt) {
  entries_.push_back({attempt.syn.time_ns >> shift_, attempt.outcome, tally_of(attempt)});
  if (entries_.size() >= 2 * std::max(sorted_, kFewest)) settle();
}

// Of entries in order by step.
void Tallies::join() {
  std::size_t out = 0;
  for (std::size_t from = 0; from < entries_.size(); ++from) {
    const Entry& entry = entries_[from];
    std::size_t at = out;
    while (at > 0 && entries_[at - 1].step == entry.step && entries_[at - 1].outcome > entry.outcome) --at;
    if (at > 0 && entries_[at - 1].step == entry.step && entries_[at - 1].outcome == entry.outcome) {
      entries_[at - 1].tally.merge(entry.tally);
    } else {
      const auto begin = entries_.begin();
      entries_[out] = entry;
      std::rotate(begin + static_cast<std::ptrdiff_t>(at), begin + static_cast<std::ptrdiff_t>(out),
                  begin + static_cast<std::ptrdiff_t>(out + 1));
      ++out;
    }
  }
  entries_.resize(out);
  sorted_ = out;
}

void Tallies::coarsen(unsigned by) {
  shift_ += by;
  for (Entry& entry : entries_) entry.step >>= by;
}

void Tallies::settle() {
  const auto before = [](const Entry& a, const Entry& b) { return a.step < b.step; };
  const auto tail = entries_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::sort(tail, entries_.end(), before);
  std::inplace_merge(entries_.begin(), tail, entries_.end(), before);
  join();
  while (entries_.size() > kMost) {
    coarsen(1);
    join();
  }
}

Tallies Tallies::settled() const {
  Tallies copy = *this;
  copy.settle();
  return copy;
}

void Tallies::merge(const Tallies& part) {
  if (part.shift_ > shift_) coarsen(part.shift_ - shift_);
  entries_.reserve(entries_.size() + part.entries_.size());
  for (Entry entry : part.entries_) {
    entry.step >>= shift_ - part.shift_;
    entries_.push_back(entry);
  }
  settle();
}

std::vector<Tallies::Step> Tallies::steps() const {
  const Tallies all = settled();
  std::vector<Step> steps;
  for (const Entry& entry : all.entries_) {
    const TimeNs from_ns = entry.step << all.shift_;
    if (steps.empty() || steps.back().from_ns != from_ns) steps.push_back({from_ns, {}});
    steps.back().by_outcome[static_cast<std::size_t>(entry.outcome)] = entry.tally;
  }
  return steps;
}

TimeNs Tallies::step_ns() const { return TimeNs{1} << settled().shift_; }

}  // namespace tcpautopsy

#include "analyzer/hosts/tallies.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

Tally tally_of(const Attempt& a) {
  Tally t;
  t.count = 1;
  t.syns = a.syns;
  t.given_up = a.given_up ? 1 : 0;
  t.rst_ignored = a.rst_ignored ? 1 : 0;
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
  syns += o.syns;
  given_up += o.given_up;
  rst_ignored += o.rst_ignored;
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
  entries_.add(attempt.syn.time_ns, {attempt.outcome, tally_of(attempt)});
}

std::vector<Tallies::Step> Tallies::steps() const {
  std::vector<Step> steps;
  entries_.each([&](TimeNs from_ns, const Entry& entry) {
    if (steps.empty() || steps.back().from_ns != from_ns) steps.push_back({from_ns, {}});
    steps.back().by_outcome[static_cast<std::size_t>(entry.outcome)] = entry.tally;
  });
  return steps;
}

}  // namespace tcpautopsy

#include "analyzer/hosts/population.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

// Unsorted changes are let wait until there are a quarter as many as sorted ones.
constexpr std::size_t kFewest = 64;
// So far back a change is looked for that the next one may be added to: connections that end one after the
// other often go through the same states within the same steps.
constexpr std::size_t kLookBack = 16;

// The end of the step of 1 << shift that holds it, counted in steps.
TimeNs step_of(TimeNs time, unsigned shift) {
  const TimeNs floor = time >> shift;
  return (floor << shift) == time ? floor : floor + 1;
}

}  // namespace

void Population::add(TcpState state, TimeNs at_ns, std::int32_t by) {
  if (state == TcpState::Unknown || state == TcpState::Closed) return;
  const TimeNs step = step_of(at_ns, shift_);
  if (shift_ > 0) {
    const std::size_t stop = changes_.size() - std::min(kLookBack, changes_.size() - sorted_);
    for (std::size_t i = changes_.size(); i > stop; --i) {
      if (changes_[i - 1].step != step || changes_[i - 1].state != state) continue;
      changes_[i - 1].by += by;
      return;
    }
  }
  if (changes_.size() == kMost) changes_.reserve(kMost + kMost / 4);
  changes_.push_back({step, by, state});
  if (tail_is_long()) settle();
}

bool Population::tail_is_long() const { return changes_.size() >= sorted_ + std::max(sorted_ / 4, kFewest); }

// Of changes in order by step.
void Population::join() {
  std::size_t out = 0;
  for (const Change change : changes_) {
    std::size_t at = out;
    while (at > 0 && changes_[at - 1].step == change.step && changes_[at - 1].state > change.state) --at;
    if (at > 0 && changes_[at - 1].step == change.step && changes_[at - 1].state == change.state) {
      changes_[at - 1].by += change.by;
      continue;
    }
    for (std::size_t i = out++; i > at; --i) changes_[i] = changes_[i - 1];
    changes_[at] = change;
  }
  changes_.resize(out);
  sorted_ = out;
}

void Population::coarsen(unsigned by) {
  shift_ += by;
  for (Change& change : changes_) change.step = step_of(change.step, by);
}

void Population::settle() {
  const auto before = [](const Change& a, const Change& b) { return a.step < b.step; };
  const auto tail = changes_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::sort(tail, changes_.end(), before);
  std::inplace_merge(changes_.begin(), tail, changes_.end(), before);
  join();
  while (changes_.size() > kMost) {
    coarsen(1);
    join();
  }
}

Population Population::settled() const {
  Population copy = *this;
  copy.settle();
  return copy;
}

void Population::merge(const Population& part) {
  if (part.shift_ > shift_) coarsen(part.shift_ - shift_);
  for (Change change : part.changes_) {
    change.step = step_of(change.step, shift_ - part.shift_);
    changes_.push_back(change);
  }
  if (tail_is_long()) settle();
}

std::vector<Population::Moment> Population::moments() const {
  const Population all = settled();
  std::vector<Moment> moments;
  for (const Change& change : all.changes_) {
    const TimeNs at_ns = change.step << all.shift_;
    if (moments.empty() || moments.back().at_ns != at_ns) {
      moments.push_back(moments.empty() ? Moment{} : moments.back());
      moments.back().at_ns = at_ns;
    }
    moments.back().counts[static_cast<std::size_t>(change.state)] += change.by;
  }
  return moments;
}

Population::Peak Population::peak(TcpState state) const {
  Peak peak;
  for (const Moment& moment : moments()) {
    const std::int64_t count = moment.counts[static_cast<std::size_t>(state)];
    if (count > peak.count) peak = {count, moment.at_ns};
  }
  return peak;
}

std::int64_t Population::at(TcpState state, TimeNs time_ns) const {
  std::int64_t count = 0;
  for (const Change& change : changes_)
    if (change.state == state && change.step <= step_of(time_ns, shift_)) count += change.by;
  return count;
}

TimeNs Population::step_ns() const { return TimeNs{1} << settled().shift_; }

}  // namespace tcpautopsy

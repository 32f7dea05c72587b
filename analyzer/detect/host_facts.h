// What detectors of hosts share: which times of a service are one episode, and how a finding tells of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

using StepList = std::vector<Tallies::Step>;
using Accepts = std::function<bool(Outcome)>;

// StepList of a service from one to another, both included, and when the first and the last attempt counted
// in them began.
struct Episode {
  std::size_t first = 0, last = 0;
  TimeNs from_ns = 0, until_ns = 0;
};

// What the steps of an episode add up to.
struct Sums {
  std::array<Tally, kOutcomes> by_outcome;

  const Tally& of(Outcome outcome) const { return by_outcome[static_cast<std::size_t>(outcome)]; }
  std::uint64_t attempts() const;
  Tally of_all(const Accepts& accepts) const;
};
Sums sum_up(const StepList& steps, const Episode& episode);
// The same with the steps up to `margin` before and after it.
Sums sum_up_around(const StepList& steps, const Episode& episode, TimeNs margin);

// Runs of at least `least` attempts in a row, all with outcomes accepted. Those less than kEpisodeGap apart
// are one episode.
std::vector<Episode> runs_of(const StepList& steps, std::uint64_t least, const Accepts& accepts);

// Numbers of attempts by outcome, and of those among them whose SYN was sent again.
struct Counts {
  std::array<std::uint64_t, kOutcomes> attempts{}, resent{};

  std::uint64_t of(Outcome outcome) const { return attempts[static_cast<std::size_t>(outcome)]; }
  std::uint64_t all() const;
  std::uint64_t all(const Accepts& accepts) const;
  std::uint64_t all_resent(const Accepts& accepts) const;
};

// Spans of steps in which some `window` of time holds attempts that `enough` takes the counts of. Of a step
// longer than the window the fullest window holds at least `share`. Spans less than kEpisodeGap apart are one
// episode, from its first attempt counted to its last.
std::vector<Episode> dense_episodes(const StepList& steps, TimeNs window, const Accepts& counted,
                                    const std::function<bool(const Counts&, double share)>& enough);

// Gives the finding its times, its number of flows and at most 20 of these, spread over the episode, with
// the frames of their SYNs: of the outcomes accepted.
void cite(Finding& finding, const StepList& steps, const Episode& episode, const Accepts& accepts);
// The same where `finding.flows` is set; samples are the first flows of the tallies, which are by time.
void cite(Finding& finding, const std::vector<const Tally*>& all, const Episode& episode);

// Plain words, each with its evidence.
std::string tell_sources(Finding& finding, const SynSources::Spread& spread);
// Those that opened, and how hard.
std::string tell_served(Finding& finding, const Sums& sums, std::string_view when = "meanwhile");

}  // namespace tcpautopsy

#include "analyzer/detect/host_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kSamples = 20;

// Which attempts of a step are accepted, as one tally.
Tally accepted(const Tallies::Step& step, const Accepts& accepts) {
  Tally sum;
  for (std::size_t i = 0; i < kOutcomes; ++i)
    if (accepts(static_cast<Outcome>(i))) sum.merge(step.by_outcome[i]);
  return sum;
}

void widen(Episode& episode, std::size_t step, const Tally& tally) {
  if (tally.count == 0) return;
  if (episode.from_ns == 0) {
    episode.first = step;
    episode.from_ns = tally.first_ns;
    episode.until_ns = tally.last_ns;
  }
  episode.last = step;
  episode.from_ns = std::min(episode.from_ns, tally.first_ns);
  episode.until_ns = std::max(episode.until_ns, tally.last_ns);
}

void join(std::vector<Episode>& episodes, const Episode& next) {
  if (episodes.empty() || next.from_ns - episodes.back().until_ns >= kEpisodeGap) {
    episodes.push_back(next);
    return;
  }
  episodes.back().last = std::max(episodes.back().last, next.last);
  episodes.back().until_ns = std::max(episodes.back().until_ns, next.until_ns);
}

void count(Counts& counts, const Tallies::Step& step, int sign) {
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    counts.attempts[i] += static_cast<std::uint64_t>(sign) * step.by_outcome[i].count;
    counts.resent[i] += static_cast<std::uint64_t>(sign) * step.by_outcome[i].syn_resent;
  }
}

void add(Sums& sums, const Tallies::Step& step) {
  for (std::size_t i = 0; i < kOutcomes; ++i) sums.by_outcome[i].merge(step.by_outcome[i]);
}

// First and last moment at which an attempt of the step began.
std::pair<TimeNs, TimeNs> extent(const Tallies::Step& step) {
  const Tally all = accepted(step, [](Outcome) { return true; });
  return {all.first_ns, all.last_ns};
}

}  // namespace

std::uint64_t Sums::attempts() const {
  std::uint64_t sum = 0;
  for (const Tally& tally : by_outcome) sum += tally.count;
  return sum;
}

Tally Sums::of_all(const Accepts& accepts) const {
  Tally sum;
  for (std::size_t i = 0; i < kOutcomes; ++i)
    if (accepts(static_cast<Outcome>(i))) sum.merge(by_outcome[i]);
  return sum;
}

Sums sum_up(const StepList& steps, const Episode& episode) {
  Sums sums;
  for (std::size_t i = episode.first; i <= episode.last; ++i) add(sums, steps[i]);
  return sums;
}

Sums sum_up_around(const StepList& steps, const Episode& episode, TimeNs margin) {
  Sums sums;
  for (const Tallies::Step& step : steps) {
    const auto [first_ns, last_ns] = extent(step);
    if (last_ns >= episode.from_ns - margin && first_ns <= episode.until_ns + margin) add(sums, step);
  }
  return sums;
}

std::vector<Episode> runs_of(const StepList& steps, std::uint64_t least, const Accepts& accepts) {
  std::vector<Episode> found;
  Episode run;
  std::uint64_t count = 0;
  const auto end_run = [&] {
    if (count >= least) join(found, run);
    run = {};
    count = 0;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Tally here = accepted(steps[i], accepts);
    if (here.count < steps[i].total()) {
      end_run();
      continue;
    }
    count += here.count;
    widen(run, i, here);
  }
  end_run();
  return found;
}

std::uint64_t Counts::all() const {
  return std::accumulate(attempts.begin(), attempts.end(), std::uint64_t{0});
}

std::uint64_t Counts::all(const Accepts& accepts) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kOutcomes; ++i)
    if (accepts(static_cast<Outcome>(i))) sum += attempts[i];
  return sum;
}

std::uint64_t Counts::all_resent(const Accepts& accepts) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kOutcomes; ++i)
    if (accepts(static_cast<Outcome>(i))) sum += resent[i];
  return sum;
}

std::vector<Episode> dense_episodes(const StepList& steps, TimeNs window, const Accepts& counted,
                                    const std::function<bool(const Counts&, double share)>& enough) {
  std::vector<Episode> found;
  Counts counts;
  std::size_t first = 0;
  for (std::size_t last = 0; last < steps.size(); ++last) {
    count(counts, steps[last], 1);
    const TimeNs end = extent(steps[last]).second;
    while (first < last && extent(steps[first]).first < end - window) count(counts, steps[first++], -1);
    const TimeNs length = end - extent(steps[first]).first;
    const TimeNs windows = std::max<TimeNs>((length + window - 1) / window, 1);  // begun
    if (!enough(counts, 1 / static_cast<double>(windows))) continue;
    Episode span;
    // What an episode before holds already need not be looked at again.
    const std::size_t from = found.empty() ? first : std::max(first, found.back().last + 1);
    for (std::size_t i = std::min(from, last); i <= last; ++i) widen(span, i, accepted(steps[i], counted));
    if (span.from_ns != 0) join(found, span);
  }
  return found;
}

void cite(Finding& finding, const StepList& steps, const Episode& episode, const Accepts& accepts) {
  std::vector<const Tally*> all;
  for (std::size_t i = episode.first; i <= episode.last; ++i)
    for (std::size_t k = 0; k < kOutcomes; ++k) {
      const Tally& tally = steps[i].by_outcome[k];
      if (tally.count == 0 || !accepts(static_cast<Outcome>(k))) continue;
      all.push_back(&tally);
      finding.flows += tally.count;
    }
  cite(finding, all, episode);
}

void cite(Finding& finding, const std::vector<const Tally*>& all, const Episode& episode) {
  const std::size_t shown = std::min(kSamples, all.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Tally& tally = *all[shown == 1 ? 0 : i * (all.size() - 1) / (shown - 1)];
    finding.sample_flows.push_back(tally.flow);
    cite(finding, tally.syn);
  }
  std::sort(finding.sample_flows.begin(), finding.sample_flows.end());
  finding.count = finding.flows;
  finding.frames_left_out = finding.flows - shown;
  finding.time_ns = episode.from_ns;
  finding.end_ns = episode.until_ns;
}

std::string tell_sources(Finding& finding, const SynSources::Spread& spread) {
  // An estimate may err beyond what is possible.
  const std::uint64_t addresses =
      spread.exact ? spread.addresses : std::min(spread.addresses, std::max(finding.flows, spread.looked_at));
  prove(finding, "sources", addresses);
  prove(finding, "sources_exact", spread.exact);
  prove(finding, "sources_looked_at", spread.looked_at);
  prove(finding, "source_prefixes_24", spread.slash24);
  prove(finding, "source_prefixes_8", spread.slash8);
  prove(finding, "source_entropy_bits", spread.entropy_bits);
  if (spread.busiest) {
    prove(finding, "busiest_source", to_string(*spread.busiest));
    prove(finding, "busiest_source_share", spread.busiest_share);
  }
  if (spread.addresses == 1 && spread.busiest) return "all from " + to_string(*spread.busiest);
  std::string text =
      spread.exact ? fmt::format("from {} addresses in {}", addresses, count_text(spread.slash24, "network"))
                   : fmt::format("from some {} addresses (those of {} looked at: {} networks)", addresses,
                                 spread.looked_at, spread.slash24);
  if (spread.busiest && spread.busiest_share >= .5)
    text += fmt::format(", {:.0f} % of them by {}", 100 * spread.busiest_share, to_string(*spread.busiest));
  return text;
}

std::string tell_served(Finding& finding, const Sums& sums, std::string_view when) {
  const Tally& served = sums.of(Outcome::Completed);
  prove(finding, "completed", served.count);
  prove(finding, "completed_after_resending_syn", served.syn_resent);
  if (served.count == 0) return fmt::format("no connection opened {}", when);
  prove(finding, "slowest_handshake_ns", served.slowest_ns);
  std::string text = fmt::format("{} opened {}", count_text(served.count, "connection"), when);
  if (served.syn_resent > 0)
    text += fmt::format(", {} of them only when the SYN was retransmitted",
                        served.syn_resent == served.count ? "all" : std::to_string(served.syn_resent));
  return text + fmt::format(" (the slowest after {})", duration_text(served.slowest_ns));
}

}  // namespace tcpautopsy

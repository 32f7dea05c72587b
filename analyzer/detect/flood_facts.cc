#include "analyzer/detect/flood_facts.h"

#include <algorithm>

namespace tcpautopsy {

bool comes_to_nothing(Outcome outcome) {
  return outcome == Outcome::HalfOpen || outcome == Outcome::Unanswered || outcome == Outcome::Aborted;
}

std::vector<Episode> flood_episodes(const StepList& steps, const Thresholds& thresholds) {
  const double least = thresholds.of("syn_flood", kFloodThresholds[0]);
  const auto window = static_cast<TimeNs>(thresholds.of("syn_flood", kFloodThresholds[1]) * kSecond);
  const double most_completing = thresholds.of("syn_flood", kFloodThresholds[2]) / 100;
  const auto enough = [&](const Counts& counts, double share) {
    const std::uint64_t nothing = counts.all(comes_to_nothing), resent = counts.all_resent(comes_to_nothing);
    // Those that repeat one ISN are victims; if most are, the service is unreachable rather than flooded.
    return share * static_cast<double>(nothing - resent) >= least && 2 * resent <= nothing &&
           static_cast<double>(counts.of(Outcome::Completed)) <
               most_completing * static_cast<double>(counts.all());
  };
  return dense_episodes(steps, window, comes_to_nothing, enough);
}

bool flooded(const std::vector<Episode>& floods, const Episode& episode) {
  return std::any_of(floods.begin(), floods.end(), [&](const Episode& flood) {
    return flood.from_ns <= episode.until_ns && episode.from_ns <= flood.until_ns;
  });
}

std::int64_t peak_between(const Population& population, const Episode& episode) {
  std::int64_t peak = population.at(TcpState::SynReceived, episode.from_ns);
  for (const Population::Moment& moment : population.moments())
    if (moment.at_ns >= episode.from_ns && moment.at_ns <= episode.until_ns + kEpisodeGap)
      peak = std::max(peak, moment.counts[static_cast<std::size_t>(TcpState::SynReceived)]);
  return peak;
}

Cookies cookies_of(const CookieTally& looks, const Tally& half_open) {
  constexpr std::uint64_t kEnough = 16;
  const std::uint64_t told = looks.unlike + looks.alike + looks.alike_bits;
  if (looks.alike_bits >= kEnough && 10 * looks.alike_bits >= 9 * told)
    return {Cookies::Use::Certain, "TSval holds the client's options"};
  if (looks.alike >= kEnough && looks.unlike > 0 && half_open.ack_due > 0)
    return {Cookies::Use::Likely, "some SYN-ACKs promise nothing of what others do, and are not repeated"};
  // Some are kept and repeated, as until the backlog is full; the others are answered once.
  if (half_open.ack_due >= kEnough && half_open.ack_repeated > 0 &&
      half_open.ack_due > half_open.ack_repeated)
    return {Cookies::Use::Likely, "most SYN-ACKs are never repeated, though some are"};
  if (half_open.ack_due >= kEnough && half_open.ack_repeated == 0)
    return {Cookies::Use::Possible, "no SYN-ACK is ever repeated: cookies, or tcp_synack_retries=0"};
  return {};
}

std::string_view name(Cookies::Use use) {
  switch (use) {
    case Cookies::Use::None: return "no sign";
    case Cookies::Use::Possible: return "possible";
    case Cookies::Use::Likely: return "likely";
    case Cookies::Use::Certain: return "certain";
  }
  return "";
}

std::optional<std::int64_t> backlog_limit(std::int64_t peak) {
  constexpr std::int64_t kSmallest = 64, kGreatest = 1 << 20;
  for (std::int64_t limit = kSmallest; limit <= kGreatest; limit *= 2)
    if (peak == limit - limit / 4 + 1) return limit;
  return std::nullopt;
}

}  // namespace tcpautopsy

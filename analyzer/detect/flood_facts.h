// When a service was flooded: what syn_flood tells, and other detectors of hosts leave to it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/detect/host_facts.h"

namespace tcpautopsy {

// syn_flood's.
constexpr Threshold kFloodThresholds[] = {
    {"min_half_open", 100, "", "attempts within the window that nobody completed"},
    {"window", 10, "s", "time within which they began"},
    {"max_completing", 20, "%", "of the attempts in it that complete; as many or more are no flood"},
};

bool comes_to_nothing(Outcome outcome);  // half-open, unanswered or aborted

std::vector<Episode> flood_episodes(const StepList& steps, const Thresholds& thresholds);
bool flooded(const std::vector<Episode>& floods, const Episode& episode);  // they overlap

// Most endpoints in SYN-RECEIVED at once, from the episode's begin to kEpisodeGap after its end.
std::int64_t peak_between(const Population& population, const Episode& episode);

// Whether the server answered without keeping anything, and how sure that is.
struct Cookies {
  enum class Use : std::uint8_t { None, Possible, Likely, Certain } use = Use::None;
  std::string_view sign;
};
Cookies cookies_of(const CookieTally& looks, const Tally& half_open);
std::string_view name(Cookies::Use use);

// The power of two that net.ipv4.tcp_max_syn_backlog has if Linux stopped at so many: without cookies the
// last quarter is kept for peers it knows (tcp_metrics).
std::optional<std::int64_t> backlog_limit(std::int64_t peak);

}  // namespace tcpautopsy

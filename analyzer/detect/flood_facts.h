// When a service was flooded: what syn_flood tells, and other detectors of hosts leave to it.
#pragma once

#include <optional>
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

// The power of two that net.ipv4.tcp_max_syn_backlog has if Linux stopped at so many: without cookies the
// last quarter is kept for peers it knows (tcp_metrics).
std::optional<std::int64_t> backlog_limit(std::int64_t peak);

}  // namespace tcpautopsy

// When a service was flooded: what syn_flood tells, and other detectors of hosts leave to it.
#pragma once

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

}  // namespace tcpautopsy

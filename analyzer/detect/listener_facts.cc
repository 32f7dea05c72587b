#include "analyzer/detect/listener_facts.h"

namespace tcpautopsy {
namespace {

constexpr TimeNs kMeanwhile = 60 * kSecond;  // the window of accept_queue_overflow

}  // namespace

std::uint64_t served_while_dropping(const DetectContext& context) {
  const Opening& opening = context.verdicts.opening;
  if (opening.thrown_away == ThrownAway::No) return 0;
  return context.services.completed_near(context.flow.facts(context.flow.server()).address,
                                         context.flow.number, opening.completing.time_ns(), kMeanwhile);
}

}  // namespace tcpautopsy

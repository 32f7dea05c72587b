#include "analyzer/analysis/service_book.h"

namespace tcpautopsy {

void ServiceBook::note(const FlowFacts& flow, const Verdicts& verdicts) {
  for (const Transition& t : verdicts.transitions) {
    if (t.side != flow.server() || t.from != TcpState::SynReceived || t.to != TcpState::Established ||
        t.basis != Basis::Confirmed)
      continue;
    const EndpointAddress& server = flow.facts(flow.server()).address;
    const auto found = completions_.find(server);
    if (found == completions_.end() && completions_.size() >= kMostServices) return;
    auto& kept = found == completions_.end() ? completions_[server] : found->second;
    kept.emplace_back(t.time_ns, flow.number);
    if (kept.size() > kKeptPerService) kept.pop_front();
    return;
  }
}

std::uint64_t ServiceBook::completed_near(const EndpointAddress& server, std::uint64_t except,
                                          TimeNs around_ns, TimeNs window) const {
  const auto found = completions_.find(server);
  if (found == completions_.end()) return 0;
  std::uint64_t count = 0;
  for (const auto& [time_ns, flow] : found->second)
    count += flow != except && time_ns >= around_ns - window && time_ns <= around_ns + window;
  return count;
}

}  // namespace tcpautopsy

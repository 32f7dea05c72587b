#include "analyzer/detect/retransmission_words.h"

#include <algorithm>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {

const RetransmissionResults* resends_of(const FlowHistory& flow, Side side) {
  return flow.transfer ? &flow.transfer->resends[index(side)] : nullptr;
}

bool told_smaller_mtu(const FlowHistory& flow, Side side) {
  constexpr std::uint8_t kUnreachable = 3, kFragmentationNeeded = 4, kPacketTooBig = 2;
  return std::any_of(flow.trace.icmp.begin(), flow.trace.icmp.end(), [side](const IcmpRecord& icmp) {
    if (icmp.quoted != side) return false;
    return icmp.v6 ? icmp.type == kPacketTooBig
                   : icmp.type == kUnreachable && icmp.code == kFragmentationNeeded;
  });
}

std::uint64_t fast_resends(const FlowHistory& flow, Side side) {
  const RetransmissionResults* facts = resends_of(flow, side);
  if (facts == nullptr) return 0;
  return facts->fast_count() + (told_smaller_mtu(flow, side) ? facts->prompt.count() : 0);
}

std::string longest_wait_text(const Incidents& incidents) {
  return (incidents.count() == 1 ? "after " : "after at most ") + duration_text(incidents.longest_ns());
}

void tell(Finding& finding, const Incidents& incidents) {
  cite(finding, incidents);
  finding.count = incidents.count();
}

}  // namespace tcpautopsy

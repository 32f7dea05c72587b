#include "analyzer/infer/path_errors.h"

#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/too_big.h"

namespace tcpautopsy {

std::optional<RefusingError> refusal(const IcmpRecord& icmp) {
  constexpr std::uint8_t kFragmentationNeeded = 4;  // that, or packet too big, ends nothing
  const std::uint8_t unreachable = icmp.v6 ? 1 : 3, exceeded = icmp.v6 ? 3 : 11, parameter = icmp.v6 ? 4 : 12;
  const bool refuses = icmp.type == exceeded || icmp.type == parameter ||
                       (icmp.type == unreachable && (icmp.v6 || icmp.code != kFragmentationNeeded));
  if (!refuses || icmp.in_doubt) return std::nullopt;
  return RefusingError{icmp.frame, icmp.reporter, icmp.v6, icmp.type, icmp.code};
}

PerSide<std::optional<PacketTooBig>> packets_too_big(const FlowTrace& trace) {
  PerSide<std::optional<PacketTooBig>> found;
  for (const IcmpRecord& r : trace.icmp) {
    std::optional<PacketTooBig>& first = found[index(r.quoted)];
    if (!first && too_big(r)) first = PacketTooBig{r.frame, r.mtu};
  }
  return found;
}

}  // namespace tcpautopsy

#include "analyzer/infer/path_errors.h"

#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/too_big.h"

namespace tcpautopsy {

PerSide<std::optional<PacketTooBig>> packets_too_big(const FlowTrace& trace) {
  PerSide<std::optional<PacketTooBig>> found;
  for (const IcmpRecord& r : trace.icmp) {
    std::optional<PacketTooBig>& first = found[index(r.quoted)];
    if (!first && too_big(r)) first = PacketTooBig{r.frame, r.mtu};
  }
  return found;
}

}  // namespace tcpautopsy

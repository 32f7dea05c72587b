#include "analyzer/infer/path_errors.h"

#include "analyzer/flow/flow_trace.h"

namespace tcpautopsy {
namespace {

// ICMP type 3 code 4 (RFC 1191), ICMPv6 type 2 (RFC 4443 3.2).
bool too_big(const IcmpRecord& r) { return r.v6 ? r.type == 2 : r.type == 3 && r.code == 4; }

}  // namespace

PerSide<std::optional<PacketTooBig>> packets_too_big(const FlowTrace& trace) {
  PerSide<std::optional<PacketTooBig>> found;
  for (const IcmpRecord& r : trace.icmp) {
    std::optional<PacketTooBig>& first = found[index(r.quoted)];
    if (!first && too_big(r)) first = PacketTooBig{r.frame, r.mtu};
  }
  return found;
}

}  // namespace tcpautopsy

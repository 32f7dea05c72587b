// What ICMP told an end about the path.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/decode/address.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

struct FlowTrace;
struct IcmpRecord;

// An ICMP error that says that a segment cannot reach its receiver: about a SYN it ends an attempt to
// connect. None that may quote another connection's.
struct RefusingError {
  FrameRef frame;
  IpAddress reporter;
  bool v6 = false;
  std::uint8_t type = 0, code = 0;
};
std::optional<RefusingError> refusal(const IcmpRecord& icmp);

// The first error that told an end of a smaller path MTU (RFC 1191, RFC 8201): it sends again at once.
struct PacketTooBig {
  FrameRef frame;
  std::uint32_t mtu = 0;  // 0 where the error has none
};

// By the end that sent what was too big.
PerSide<std::optional<PacketTooBig>> packets_too_big(const FlowTrace& trace);

}  // namespace tcpautopsy

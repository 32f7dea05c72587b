// Which ICMP errors tell of a packet too big for the path.
#pragma once

#include "analyzer/flow/segment_record.h"

namespace tcpautopsy {

// ICMP type 3 code 4 (RFC 1191), ICMPv6 type 2 (RFC 4443 3.2).
inline bool too_big(const IcmpRecord& r) {
  return !r.in_doubt && (r.v6 ? r.type == 2 : r.type == 3 && r.code == 4);
}

}  // namespace tcpautopsy

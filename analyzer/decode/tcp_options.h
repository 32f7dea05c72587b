// TCP options (RFC 9293 3.2 and the option registry).
#pragma once

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::decode {

// `cut`: the snap length ended `area` before the header's end, so an option that runs over the end is not
// malformed.
void parse_tcp_options(Bytes area, bool cut, TcpOptions& options);

}  // namespace tcpautopsy::decode

// TCP options (RFC 9293 3.2 and the option registry).
#pragma once

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::decode {

// With `options.cut` the snap length ended `area` before the header's end: an option that runs over it is not
// malformed.
void parse_tcp_options(Bytes area, TcpOptions& options);

}  // namespace tcpautopsy::decode

// The last layers: a TCP segment, or an ICMP error that quotes one.
#pragma once

#include <optional>

#include "analyzer/decode/dissection.h"

namespace tcpautopsy::decode {

// Fills what the TCP header tells, and the payload. Needs a whole fixed header, whose length of all fits in
// `tcp`. The IP addresses are there already: the checksum is of them too.
void take_tcp_header(const LayerBytes& tcp, TcpSegment& segment);

// Fills all of `segment` but its encapsulation and wire length; the reason if there is none.
std::optional<NotTcp> take_segment(const Dissection& frame, TcpSegment& segment);

// Fills all of `error` but its encapsulation. Errors are unreachable, time exceeded, parameter problem and
// packet too big; a redirect or a quench reports no lost packet.
std::optional<NotTcp> take_icmp_error(const Dissection& frame, IcmpError& error);

}  // namespace tcpautopsy::decode

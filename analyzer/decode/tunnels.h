// Tunnels over IP and over UDP.
#pragma once

#include "analyzer/decode/dissection.h"

namespace tcpautopsy::decode {

Layer gre(Dissection& frame);
Layer etherip(Dissection& frame);

// What a UDP datagram carries, by its port: VXLAN, GENEVE, GTP-U, Teredo, AYIYA, CAPWAP, GRE, MPLS. Anything
// else is OtherProtocol.
Layer udp(Dissection& frame);

}  // namespace tcpautopsy::decode

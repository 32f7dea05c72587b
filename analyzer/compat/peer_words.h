// How other tools name a connection; each by its tool's own rules.
#pragma once

#include <cstdint>
#include <string>

namespace tcpautopsy {

struct PeerWords {
  std::string zeek_conn_state, zeek_history;
  std::uint8_t completeness = 0;  // tcp.completeness of Wireshark 4.0
};

}  // namespace tcpautopsy

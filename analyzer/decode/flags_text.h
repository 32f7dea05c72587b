// The flags of a TCP header as text.
#pragma once

#include <cstdint>
#include <string>

namespace tcpautopsy {

std::string flags_text(std::uint16_t flags);  // of TcpFlag: "SYN+ACK"; "none"

}  // namespace tcpautopsy

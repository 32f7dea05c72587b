#pragma once

#include <cstdint>
#include <string>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// Of so many octets in a span longer than 0: "950 bit/s", "1.2 Mbit/s".
std::string bit_rate(std::uint64_t octets, TimeNs span);

}  // namespace tcpautopsy

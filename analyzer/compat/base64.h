#pragma once

#include <cstddef>
#include <string>

#include "analyzer/capture/frame.h"

namespace tcpautopsy {

// RFC 4648 4, padded.
std::string base64(Bytes octets);
// The same into base64_size() octets; where it ends.
char* write_base64(char* to, Bytes octets);
constexpr std::size_t base64_size(std::size_t octets) { return (octets + 2) / 3 * 4; }

}  // namespace tcpautopsy

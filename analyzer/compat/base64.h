#pragma once

#include <string>

#include "analyzer/capture/frame.h"

namespace tcpautopsy {

// RFC 4648 4, padded.
std::string base64(Bytes octets);

}  // namespace tcpautopsy

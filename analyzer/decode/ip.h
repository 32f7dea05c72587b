// IPv4, IPv6 and its extension headers.
#pragma once

#include <cstdint>

#include "analyzer/decode/dissection.h"

namespace tcpautopsy::decode {

Layer ip(Dissection& frame);
Layer ipv4(Dissection& frame);
Layer ipv6(Dissection& frame);

// The layer that an IPv4 protocol or IPv6 next header announces, past extension headers and AH.
Layer upper_layer(Dissection& frame, std::uint8_t protocol);

}  // namespace tcpautopsy::decode

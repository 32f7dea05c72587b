// Headers of links: what of them is kept.
#pragma once

#include <cstddef>

#include "analyzer/anonymize/canvas.h"

namespace tcpautopsy {

// What decode::link_layer() took off: `size` octets from `at` on.
void keep_link_header(Canvas& canvas, std::uint32_t link_type, std::size_t at, std::size_t size);
// A whole 802.11 header.
void keep_wlan_header(Canvas& canvas, std::size_t at, std::size_t size);

}  // namespace tcpautopsy

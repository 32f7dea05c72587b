// The two numberings of link types: LINKTYPE_* in files, DLT_* in libpcap's interfaces.
#pragma once

#include <cstdint>

namespace tcpautopsy {

int dlt_of_linktype(std::uint16_t linktype);
std::uint16_t linktype_of_dlt(int dlt);

}  // namespace tcpautopsy

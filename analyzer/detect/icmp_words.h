// What the detectors say of ICMP errors.
#pragma once

#include <string_view>

#include "analyzer/infer/path_errors.h"

namespace tcpautopsy {

// "port unreachable"
std::string_view icmp_text(const RefusingError& icmp);
// A firewall's answer, by its own account.
bool is_filter(const RefusingError& icmp);

}  // namespace tcpautopsy

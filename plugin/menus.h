// Tools > TCP Autopsy in Wireshark's window.
#pragma once

namespace tcpautopsy::plugin {

void register_menus();

}  // namespace tcpautopsy::plugin

// -z tcpautopsy_connections,stat, and Tools > TCP Autopsy > Table of connections.
#pragma once

namespace tcpautopsy::plugin {

void register_connections_table();

// The capture is concluded: what waited for that is counted.
void count_waiting_connections();

}  // namespace tcpautopsy::plugin

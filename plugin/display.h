// The tree "TCP Autopsy" of a packet, its fields, and its entries in the expert information.
#pragma once

#include "plugin/preferences.h"
#include "plugin/session.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {

// Registers the protocol with its fields; returns its number.
int register_display();

// Under a tree that may be null. epan may jump out of these calls: nothing with a destructor is held.
void show_packet(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const Session& session,
                 const std::vector<Shown>& shown, const Preferences& preferences);

// "client ESTABLISHED, server SYN-RECEIVED"
std::string states_text(const Shown& shown);

}  // namespace tcpautopsy::plugin

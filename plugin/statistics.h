// -z tcpautopsy,report  -z tcpautopsy_findings,stat  -z tcpautopsy_states,tree; the last two also in
// Wireshark's Statistics menu.
#pragma once

namespace tcpautopsy::plugin {

void register_statistics();

// Taps are fed only while there is a listener; whether they are tells how the capture is read.
void keep_taps_active();

// tshark that reads once has no hook for the end of the capture but the drawing of statistics: sees to it
// that the capture is concluded before any of ours is drawn.
void wait_for_end_of_capture();

}  // namespace tcpautopsy::plugin

// What is written beside single packets of a capture: comments of pcapng that any Wireshark shows. The states
// are those of the ladder and of the plugin (infer/shown_states.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "analyzer/analysis/analysis.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {

// "client ESTABLISHED, server SYN-RECEIVED"; of a connection with itself only the client's.
std::string states_text(const PerSide<TcpState>& states, Side client, bool self_connection);

// Of the flow's first packet and of each after which the state of an end is another one: "flow 17: client
// ESTABLISHED, server SYN-RECEIVED; client SYN-SENT > ESTABLISHED (received SYN-ACK, confirmed by frame 3)".
// In order of the packets.
void for_each_state_note(const FlowResult& flow, const Origin& origin,
                         const std::function<void(const FrameRef&, const std::string&)>& each);

// A finding in a comment, but for its severity and what is known of it only in the end:
// "flow 17" or "host 10.0.0.2:81" or "capture"; "retransmission_rate: its sentence".
std::string subject_of(const Finding& finding);
std::string sentence_of(const Finding& finding);

}  // namespace tcpautopsy

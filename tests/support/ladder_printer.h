// Draws a connection for a test that failed: every record with what is believed after it, then the
// conclusions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/conclude.h"

namespace tcpautopsy {

// Lines to print below a frame: expectations, marks, the truth of a simulation.
using LadderNotes = std::multimap<std::uint64_t, std::string>;

std::string draw_ladder(const std::vector<Concluded>& flows, const LadderNotes& notes);

// "+0.010000 A > B F. 1:1(0) ack 1"
std::string describe(const SegmentRecord& record, TimeNs start_ns);
// "A FIN-WAIT-1 > FIN-WAIT-2 confirmed frame 6 by 7, received ACK of FIN"
std::string describe(const Transition& transition, const FlowHistory& history);
std::string describe(const Finding& finding, const FlowHistory& history);
std::string describe(const Finding& finding);  // about a host
std::string flag_letters(std::uint16_t flags);
char letter(Side side);

}  // namespace tcpautopsy

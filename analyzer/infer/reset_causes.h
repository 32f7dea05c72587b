// Why each RST came: the one rule that says which finding carries a RST's warning (ResetCause).
#pragma once

namespace tcpautopsy {

struct FlowHistory;

// Fills `cause` of the verdicts on RSTs; needs all else of `closing`, `silences` and `answers`.
void conclude_reset_causes(FlowHistory& history);

}  // namespace tcpautopsy

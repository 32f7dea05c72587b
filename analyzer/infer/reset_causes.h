// Why each RST came: the one rule that says which finding carries a RST's warning (ResetCause), and what the
// RST looks like by itself (ResetKind).
#pragma once

namespace tcpautopsy {

struct FlowHistory;

// Fills `cause` and `kind` of the verdicts on RSTs; needs all else of `closing`, `silences` and `answers`.
void conclude_reset_causes(FlowHistory& history);

}  // namespace tcpautopsy

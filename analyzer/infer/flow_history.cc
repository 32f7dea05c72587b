#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

std::string_view name(Basis basis) {
  switch (basis) {
    case Basis::Observed: return "observed";
    case Basis::Confirmed: return "confirmed";
    case Basis::Inferred: return "inferred";
    case Basis::Timer: return "timer";
  }
  return "";
}

bool never_opens(Handshake handshake) {
  switch (handshake) {
    case Handshake::Refused:
    case Handshake::Filtered:
    case Handshake::SynOnly:
    case Handshake::SynAckOnly:
    case Handshake::HalfOpen:
    case Handshake::Aborted: return true;
    default: return false;
  }
}

std::string_view name(Handshake handshake) {
  switch (handshake) {
    case Handshake::Complete: return "complete";
    case Handshake::HalfOpen: return "half_open";
    case Handshake::SynOnly: return "syn_only";
    case Handshake::SynAckOnly: return "syn_ack_only";
    case Handshake::Refused: return "refused";
    case Handshake::Filtered: return "filtered";
    case Handshake::Aborted: return "aborted";
    case Handshake::Simultaneous: return "simultaneous";
    case Handshake::FastOpen: return "fast_open";
    case Handshake::None: return "none";
  }
  return "";
}

TcpState FlowHistory::before(RecordIndex i, Side side) const {
  if (i > 0) return beliefs[i - 1].likely[index(side)];
  for (const Transition& t : transitions)
    if (t.side == side) return t.from;
  return outcomes[index(side)].final;
}

}  // namespace tcpautopsy

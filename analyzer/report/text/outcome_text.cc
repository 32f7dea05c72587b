#include "analyzer/report/text/outcome_text.h"

#include "analyzer/report/text/names.h"

namespace tcpautopsy {
namespace {

std::string_view opening_words(Handshake handshake) {
  switch (handshake) {
    case Handshake::Complete: return "handshake complete";
    case Handshake::HalfOpen: return "handshake not completed";
    case Handshake::SynOnly: return "SYN unanswered";
    case Handshake::SynAckOnly: return "only a SYN-ACK captured";
    case Handshake::Refused: return "refused";
    case Handshake::Filtered: return "refused by an ICMP error";
    case Handshake::Aborted: return "connection attempt aborted";
    case Handshake::Simultaneous: return "opened from both ends at once";
    case Handshake::FastOpen: return "opened by TCP Fast Open";
    case Handshake::None: return "open before the capture";
  }
  return "";
}

std::string end_words(const FlowHistory& history) {
  const std::string a(endpoint_name(history.trace, Side::A)), b(endpoint_name(history.trace, Side::B));
  switch (history.close) {
    case Close::Open: return never_opens(history.handshake) ? "" : "still open";
    case Close::AFin: return "closed by the " + a + " only";
    case Close::BFin: return "closed by the " + b + " only";
    case Close::ARst: return "reset by the " + a;
    case Close::BRst: return "reset by the " + b;
    case Close::Timeout: return "timed out";
    case Close::BothFin: break;
  }
  switch (history.closed_first) {
    case ClosedFirst::A: return "closed by both ends, " + a + " first";
    case ClosedFirst::B: return "closed by both ends, " + b + " first";
    case ClosedFirst::Both: return "closed by both ends at once";
    case ClosedFirst::None: break;
  }
  return "closed by both ends";
}

}  // namespace

std::string outcome_text(const FlowHistory& history) {
  std::string out(opening_words(history.handshake));
  const std::string end = end_words(history);
  return end.empty() ? out : out + "; " + end;
}

}  // namespace tcpautopsy

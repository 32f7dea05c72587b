#include "analyzer/infer/state_tables.h"

#include "analyzer/infer/transitions.h"

namespace tcpautopsy {
namespace {

std::string_view name(Sends what) {
  switch (what) {
    case Sends::Syn: return "SYN";
    case Sends::SynAck: return "SYN-ACK";
    case Sends::Ack: return "data or ACK";
    case Sends::Fin: return "FIN";
    case Sends::Rst: return "RST";
  }
  return "";
}

void add_row(std::string& text, TcpState from, std::string_view what, TcpState to, std::string_view rfc) {
  text += "| ";
  text += tcpautopsy::name(from);
  text += " | ";
  text += what;
  text += " | ";
  text += tcpautopsy::name(to);
  text += " | RFC ";
  text += rfc;
  text += " |\n";
}

}  // namespace

std::string state_tables_markdown() {
  std::string text =
      "# The transition tables\n\nPrinted from `analyzer/infer/transition_rows.h`; "
      "`build/dev/tests/state_tables` renews this file.\n\n"
      "## Arrivals: what a segment does if it arrives\n\nA capture does not see arrival, so each of these "
      "may have happened.\n\n"
      "| in | on | to | by |\n|---|---|---|---|\n";
  for (const ArriveRow& row : arrive_rows()) add_row(text, row.from, row.cause, row.to, row.rfc);
  text +=
      "\n## Sendings: what a captured segment shows of its sender\n\nNo row, no such state.\n\n"
      "| in | sends | then in | by |\n|---|---|---|---|\n";
  for (const SendRow& row : send_rows())
    add_row(text, row.from, std::string(name(row.what)) + " (" + std::string(row.cause) + ")", row.to,
            row.rfc);
  text += "\n## Timers: what time does\n\n| in | when | to | by |\n|---|---|---|---|\n";
  for (const TimerRow& row : timer_rows()) add_row(text, row.from, row.cause, row.to, row.rfc);
  return text;
}

}  // namespace tcpautopsy

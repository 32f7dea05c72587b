#include "analyzer/infer/state_tables.h"

#include <initializer_list>
#include <utility>

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

std::string_view name(RstForm form) {
  switch (form) {
    case RstForm::RefusesSyn: return "RST and ACK to a SYN";
    case RstForm::RefusesHandshake: return "bare RST to a SYN-ACK";
    case RstForm::RefusesProbe: return "bare RST to a keep-alive probe";
    case RstForm::AfterSilence: return "bare RST after a long silence";
    case RstForm::Bare: return "bare RST";
    case RstForm::BehindFin: return "bare RST numbered by an ACK of the own FIN";
    case RstForm::AcknowledgesFin: return "RST and ACK of the FIN";
    case RstForm::WithAck: return "RST and ACK";
  }
  return "";
}

std::string_view name(OpeningSeen captured) {
  switch (captured) {
    case OpeningSeen::OwnSyn: return "its own SYN";
    case OpeningSeen::PeerSyn: return "the other's SYN";
    case OpeningSeen::OwnSynAck: return "its own SYN-ACK, no SYN";
    case OpeningSeen::PeerSynAck: return "the other's SYN-ACK, no SYN";
    case OpeningSeen::Nothing: return "nothing of the opening";
  }
  return "";
}

std::string_view name(Evidence evidence) {
  switch (evidence) {
    case Evidence::Nothing: return "nothing speaks against it";
    case Evidence::Acknowledged: return "it was acknowledged";
    case Evidence::IpIdGap: return "a gap in the IP IDs";
    case Evidence::CaptureLoss: return "the capture missed segments";
    case Evidence::AcknowledgedLater: return "it was acknowledged later";
    case Evidence::EndMissed: return "the last octets of its stream were not captured";
    case Evidence::PeerEndMissed: return "the last octets of its peer's stream were not captured";
    case Evidence::OutOfOrder: return "it was captured out of order";
    case Evidence::PeerNotCaptured: return "its peer was not captured";
    case Evidence::NotCaptured: return "it was not captured";
  }
  return "";
}

std::string triggers_text(std::uint8_t triggers) {
  constexpr std::pair<Trigger, std::string_view> kNames[]{{kGotRst, "RST"},
                                                          {kGotSynAck, "SYN-ACK"},
                                                          {kGotSyn, "SYN"},
                                                          {kGotAckOfSyn, "ACK of SYN"},
                                                          {kGotAckOfFin, "ACK of FIN"},
                                                          {kGotFin, "FIN"},
                                                          {kGotIcmp, "ICMP error"}};
  std::string text;
  for (const auto& [trigger, trigger_name] : kNames)
    if ((triggers & trigger) != 0) text += (text.empty() ? "" : ", ") + std::string(trigger_name);
  return text;
}

std::string text_of(TcpState state) { return std::string(tcpautopsy::name(state)); }

std::string text_of(StateSet set) {
  if (set == ~StateSet{}) return "any";
  std::string text;
  set.each([&text](TcpState s) { text += (text.empty() ? "" : ", ") + text_of(s); });
  return text;
}

std::string text_of(Cost cost) { return std::to_string(cost); }
std::string by(std::string_view rfc) { return "RFC " + std::string(rfc); }

void add_line(std::string& text, std::initializer_list<std::string> cells) {
  for (const std::string& cell : cells) text += "| " + cell + " ";
  text += "|\n";
}

void add_head(std::string& text, std::string_view title, std::initializer_list<std::string> columns) {
  text += "\n## ";
  text += title;
  text += "\n\n";
  add_line(text, columns);
  for (std::size_t i = 0; i < columns.size(); ++i) text += "|---";
  text += "|\n";
}

void add_machine(std::string& text) {
  add_head(
      text,
      "Arrivals: what a segment does if it arrives\n\nA capture does not see arrival, so each of these may "
      "have happened.",
      {"in", "on", "to", "ignored at a cost of", "by"});
  for (const ArriveRow& row : arrive_rows())
    add_line(text, {text_of(row.from), std::string(row.cause), text_of(row.to),
                    row.ignored == kNever ? "never" : text_of(row.ignored), by(row.rfc)});
  add_head(text, "Sendings: what a captured segment shows of its sender\n\nNo row, no such state.",
           {"in", "sends", "then in", "cost", "by"});
  for (const SendRow& row : send_rows())
    add_line(text, {text_of(row.from), std::string(name(row.what)) + " (" + std::string(row.cause) + ")",
                    text_of(row.to), text_of(row.cost), by(row.rfc)});
  add_head(text, "Forms of a RST: what one that fits another sender costs besides",
           {"in", "sends", "cost", "because", "by"});
  for (const RstFormRow& row : rst_form_rows())
    add_line(text, {text_of(row.from), std::string(name(row.form)), text_of(row.cost),
                    std::string(row.reason), by(row.rfc)});
  add_head(text, "Timers: what time does", {"in", "when", "to", "by"});
  for (const TimerRow& row : timer_rows())
    add_line(text, {text_of(row.from), std::string(row.cause), text_of(row.to), by(row.rfc)});
}

void add_edges(std::string& text) {
  add_head(text, "Silence: gone before a RST tells so",
           {"in", "taken for", "to", "cost when due", "cost before", "by"});
  for (const SilentRow& row : silent_rows())
    add_line(text, {text_of(row.from),
                    std::string(row.cause) +
                        (row.early_cause.empty() ? "" : ", or before: " + std::string(row.early_cause)),
                    text_of(row.to), text_of(row.due_cost), text_of(row.early_cost), by(row.rfc)});
  add_head(text, "Starts: before the first captured segment", {"captured", "in", "cost", "by"});
  for (const StartRow& row : start_rows())
    add_line(text, {std::string(name(row.captured)), text_of(row.state), text_of(row.cost), by(row.rfc)});
  add_head(text, "First told: of an end whose past is outside the capture", {"in", "when", "to", "by"});
  for (const ToldRow& row : told_rows())
    add_line(text, {text_of(TcpState::Unknown), std::string(row.cause), text_of(row.to), by(row.rfc)});
  add_head(text, "Next incarnations: what ends the old connection", {"in", "when", "to", "by"});
  for (const SuccessorRow& row : successor_rows())
    add_line(text, {text_of(row.from), std::string(row.cause), text_of(row.to), by(row.rfc)});
}

void add_gaps(std::string& text) {
  add_head(text,
           "Sent, not captured\n\nFrom each of these states by the sending above that changes the state.",
           {"in", "sends", "evidence", "cost", "cost of not", "by"});
  for (const HiddenRow& row : hidden_rows())
    add_line(text, {text_of(row.from), std::string(name(row.what)), std::string(name(row.evidence)),
                    text_of(row.cost), text_of(row.stay_cost), by(row.rfc)});
  add_head(text, "Arrived, not captured\n\nEach of these alone, by the arrivals above.",
           {"on", "and then on", "evidence", "cost", "by"});
  for (const UnseenRow& row : unseen_rows())
    add_line(text, {triggers_text(row.on), row.then == 0 ? "-" : triggers_text(row.then),
                    std::string(name(row.evidence)), text_of(row.cost), by(row.rfc)});
  add_head(text, "Jumps: nothing explains what was sent", {"in", "sends", "then in", "cost", "by"});
  for (const JumpRow& row : jump_rows())
    add_line(text, {text_of(~StateSet{}), std::string(name(row.what)), text_of(row.to), text_of(row.cost),
                    by(row.rfc)});
}

}  // namespace

std::string state_tables_markdown() {
  std::string text =
      "# The transition tables\n\nPrinted from `analyzer/infer/transition_rows.h`; "
      "`build/dev/tests/state_tables` renews this file. Costs are points of unlikelihood: "
      "`analyzer/infer/weights.h`.\n";
  add_machine(text);
  add_edges(text);
  add_gaps(text);
  return text;
}

}  // namespace tcpautopsy

#include "tests/support/ladder_printer.h"

#include <iterator>

#include "tests/support/format.h"

namespace tcpautopsy {

namespace {

double seconds(TimeNs ns) { return static_cast<double>(ns) / static_cast<double>(kSecond); }

std::string believed(const Belief& belief, Side side) {
  const StateSet kept = belief.plausible[index(side)], live = belief.live[index(side)];
  std::string out = to_string(kept);
  if (!(kept == live)) out += " (live: " + to_string(live) + ")";
  return out;
}

void draw_records(const FlowHistory& history, const LadderNotes& notes, std::string& out) {
  auto line = std::back_inserter(out);
  for (RecordIndex i = 0; i < history.records().size(); ++i) {
    const SegmentRecord& record = history.records()[i];
    fmt::format_to(line, "{:4}  {}\n", record.frame.number, describe(record, history.trace.first.time_ns));
    if (i < history.beliefs.size()) {
      const Belief& b = history.beliefs[i];
      fmt::format_to(line, "          A {}   B {}   likely A {} B {}\n", believed(b, Side::A),
                     believed(b, Side::B), name(b.likely[0]), name(b.likely[1]));
    }
    const auto [from, to] = notes.equal_range(record.frame.number);
    for (auto note = from; note != to; ++note) fmt::format_to(line, "          {}\n", note->second);
  }
}

void draw_conclusions(const Concluded& flow, std::string& out) {
  const FlowHistory& history = flow.history;
  auto line = std::back_inserter(out);
  for (const Transition& t : history.transitions) fmt::format_to(line, "      {}\n", describe(t, history));
  for (const Side side : {Side::A, Side::B}) {
    const EndpointOutcome& outcome = history.outcome(side);
    fmt::format_to(line, "      final {} {}, possible", letter(side), name(outcome.final));
    for (const TcpState s : outcome.final_possible) fmt::format_to(line, " {}", name(s));
    out += '\n';
  }
  for (const Finding& finding : flow.findings) fmt::format_to(line, "      {}\n", describe(finding, history));
}

}  // namespace

char letter(Side side) { return side == Side::A ? 'A' : 'B'; }

std::string flag_letters(std::uint16_t flags) {
  std::string out;
  const std::pair<TcpFlag, char> letters[] = {{kSyn, 'S'}, {kFin, 'F'}, {kRst, 'R'}, {kPsh, 'P'},
                                              {kUrg, 'U'}, {kEce, 'E'}, {kCwr, 'C'}, {kAck, '.'}};
  for (const auto& [flag, c] : letters)
    if (flags & flag) out += c;
  return out.empty() ? "0" : out;
}

std::string describe(const SegmentRecord& r, TimeNs start_ns) {
  std::string out =
      fmt::format("+{:.6f} A {} B  {:3} {}:{}({})", seconds(r.frame.time_ns - start_ns),
                  r.side == Side::A ? '>' : '<', flag_letters(r.flags), r.seq, r.seq + r.payload, r.payload);
  if (r.has(kAck)) out += fmt::format(" ack {}", r.ack);
  out += fmt::format(" win {}", r.window);
  if (r.folded_packets) out += fmt::format("  [{} folded]", r.folded_packets);
  const std::pair<bool, const char*> properties[] = {{r.standing.retransmission, "resend"},
                                                     {r.standing.fills_gap, "fills gap"},
                                                     {r.standing.after_gap, "after gap"},
                                                     {r.standing.keepalive, "keep-alive"},
                                                     {r.copy, "copy"},
                                                     {r.standing.acks_unseen, "acks unseen"},
                                                     {r.bad_checksum, "bad checksum"}};
  for (const auto& [is, text] : properties)
    if (is) out += fmt::format("  [{}]", text);
  return out;
}

std::string describe(const Transition& t, const FlowHistory& history) {
  std::string out = fmt::format("{} {} > {} {}", letter(t.side), name(t.from), name(t.to), name(t.basis));
  if (t.frame) out += fmt::format(" frame {}", t.frame->number);
  if (t.proved_by < history.records().size())
    out += fmt::format(" by {}", history.records()[t.proved_by].frame.number);
  out += fmt::format(", {} at +{:.6f} [{}]", t.cause, seconds(t.at_ns - history.trace.first.time_ns), t.rfc);
  if (!t.possible.empty() && !t.possible.single()) out += " possible " + to_string(t.possible);
  return out;
}

std::string describe(const Finding& finding, const FlowHistory& history) {
  std::string out = fmt::format("finding {} severity {} certainty {} count {}", finding.id,
                                name(finding.severity), name(finding.certainty), finding.count);
  if (finding.side) out += *finding.side == history.client() ? " endpoint client" : " endpoint server";
  for (const FrameRef& f : finding.frames) out += fmt::format(" frame {}", f.number);
  return out + ": " + finding.summary;
}

std::string describe(const Finding& finding) {
  std::string out =
      fmt::format("finding {} severity {} certainty {} count {} flows {}", finding.id, name(finding.severity),
                  name(finding.certainty), finding.count, finding.flows);
  if (finding.host) out += " host " + to_string(*finding.host);
  if (finding.port) out += fmt::format(" port {}", *finding.port);
  return out + ": " + finding.summary;
}

std::string draw_ladder(const std::vector<Concluded>& flows, const LadderNotes& notes) {
  std::string out;
  for (const Concluded& flow : flows) {
    const FlowTrace& trace = flow.history.trace;
    fmt::format_to(std::back_inserter(out), "flow {} incarnation {}: A {}:{} B {}:{}, client {}{}\n",
                   trace.number, trace.incarnation, to_string(trace.sides[0].address.ip),
                   trace.sides[0].address.port, to_string(trace.sides[1].address.ip),
                   trace.sides[1].address.port, letter(trace.client),
                   flow.history.contradiction ? ", contradiction" : "");
    draw_records(flow.history, notes, out);
    draw_conclusions(flow, out);
  }
  return out;
}

}  // namespace tcpautopsy
